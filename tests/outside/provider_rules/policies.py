"""Whether JSON policies are well formed, fit, and name actions that exist.

The grammar is that of the IAM user guide ("Grammar of the IAM JSON policy language"), the limits those of the services'
quota pages, all read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from serving.preview.plan import Plan, PlanResource
from tests.outside.provider_rules.actions import actions_of, is_known_service
from tests.outside.provider_rules.problem import Problem, of_aws, problem, short


@dataclass(frozen=True, slots=True)
class _Kind:
    """A place where a policy stands.

    Attributes:
        limit: Most characters; IAM counts no white space.
        principal: Whether statements must (True) or must not (False) name a principal.
        resource: Whether statements must (True) or must not (False) name a resource; None where they may.
    """

    limit: int
    principal: bool
    resource: bool | None = True
    counts_space: bool = True


_INLINE = _Kind(10_240, principal=False, counts_space=False)
_KMS = _Kind(32_768, principal=True)
_KINDS: Mapping[tuple[str, str], _Kind] = {
    ("iam.Role", "assumeRolePolicy"): _Kind(2_048, principal=True, resource=False, counts_space=False),
    ("iam.RolePolicy", "policy"): _INLINE,
    ("iam.Policy", "policy"): _Kind(6_144, principal=False, counts_space=False),
    ("s3.BucketPolicy", "policy"): _Kind(20_480, principal=True),
    ("kms.Key", "policy"): _KMS,
    ("kms.ReplicaKey", "policy"): _KMS,
    ("sns.TopicPolicy", "policy"): _Kind(30_720, principal=True),
    ("sqs.QueuePolicy", "policy"): _Kind(8_192, principal=True),
    ("sqs.Queue", "policy"): _Kind(8_192, principal=True),
    ("ecr.RepositoryPolicy", "policy"): _Kind(10_240, principal=True, resource=None),
    ("ecr.RepositoryCreationTemplate", "repositoryPolicy"): _Kind(10_240, principal=True, resource=None),
    ("ecr.RegistryPolicy", "policy"): _Kind(10_240, principal=True),
    ("backup.VaultPolicy", "policy"): _Kind(20_480, principal=True),
    ("ec2.VpcEndpoint", "policy"): _Kind(20_480, principal=True),
    ("cloudwatch.LogResourcePolicy", "policyDocument"): _Kind(5_120, principal=True),
    ("cloudwatch.EventBusPolicy", "policy"): _Kind(10_240, principal=True),
    ("secretsmanager.SecretPolicy", "policy"): _Kind(20_480, principal=True),
    ("dynamodb.ResourcePolicy", "policy"): _Kind(20_480, principal=True),
}
_VERSION = "2012-10-17"
_STATEMENT_KEYS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_OPERATOR = re.compile(
    r"(ForAnyValue:|ForAllValues:)?"
    r"(String(Not)?(Equals(IgnoreCase)?|Like)|Numeric((Not)?Equals|LessThan(Equals)?|GreaterThan(Equals)?)"
    r"|Date((Not)?Equals|LessThan(Equals)?|GreaterThan(Equals)?)|Bool|BinaryEquals|(Not)?IpAddress"
    r"|Arn(Not)?(Equals|Like)|Null)(IfExists)?"
)


def malformed(plan: Plan) -> Iterator[Problem]:
    """Policies that a service would refuse, or read as something else."""
    for resource, key, kind in _places(plan):
        document = _document(resource, key)
        if document is None:
            yield problem(resource, key, "is no JSON object")
        elif document.get("Version") != _VERSION:
            yield problem(resource, key, f"Version is {document.get('Version')!r}, not {_VERSION}")
        else:
            yield from (problem(resource, key, message) for message in _statements(document, kind))


def unknown_actions(plan: Plan) -> Iterator[Problem]:
    """Actions of no service, and patterns that match none: what they allow or deny is nothing."""
    for resource, key, _ in _places(plan):
        for statement in _listed((_document(resource, key) or {}).get("Statement", ())):
            for action in (*_listed(statement.get("Action", ())), *_listed(statement.get("NotAction", ()))):
                if message := _unknown(str(action)):
                    yield problem(resource, key, f"{statement.get('Sid', 'a statement')}: {message}")


def too_long(plan: Plan) -> Iterator[Problem]:
    """Policies longer than their service takes; the inline policies of a role count together."""
    inline: dict[str, int] = defaultdict(int)
    for resource, key, kind in _places(plan):
        size = _size(resource.inputs[key], kind)
        if short(resource.type) == "iam.RolePolicy":
            role = str(resource.property_dependencies.get("role", (resource.inputs.get("role"),)))
            inline[role] += size
            size = inline[role]
        if size > kind.limit:
            yield problem(resource, key, f"has {size} characters; at most {kind.limit} are taken")


def _places(plan: Plan) -> Iterator[tuple[PlanResource, str, _Kind]]:
    for resource in of_aws(plan):
        for (type_, key), kind in _KINDS.items():
            if short(resource.type) == type_ and key in resource.inputs:
                yield resource, key, kind


def _document(resource: PlanResource, key: str) -> dict[str, Any] | None:
    value = resource.inputs[key]
    try:
        document = json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def _size(value: object, kind: _Kind) -> int:
    text = value if isinstance(value, str) else json.dumps(value)
    if kind.counts_space:
        return len(text.encode())
    return len(re.sub(r"\s", "", text))


def _statements(document: Mapping[str, Any], kind: _Kind) -> Iterator[str]:
    statements = _listed(document.get("Statement", ()))
    if not statements:
        yield "has no statement"
    sids = [statement["Sid"] for statement in statements if "Sid" in statement]
    for sid in sids:
        if not re.fullmatch(r"[A-Za-z0-9]+", sid):
            yield f"Sid {sid!r} has other characters than letters and digits"
    if len(set(sids)) != len(sids):
        yield f"Sids are not unique: {sorted(sids)}"
    for number, statement in enumerate(statements):
        name = statement.get("Sid", f"statement {number}")
        yield from (f"{name}: {message}" for message in _statement(statement, kind))


def _statement(statement: Mapping[str, Any], kind: _Kind) -> Iterator[str]:
    if wrong := statement.keys() - _STATEMENT_KEYS:
        yield f"has unknown keys {sorted(wrong)}"
    if statement.get("Effect") not in {"Allow", "Deny"}:
        yield f"Effect is {statement.get('Effect')!r}"
    if ("Action" in statement) == ("NotAction" in statement):
        yield "has to have one of Action and NotAction"
    yield from _sides(statement, kind)
    yield from _conditions(statement.get("Condition", {}))


def _sides(statement: Mapping[str, Any], kind: _Kind) -> Iterator[str]:
    """Who and what a statement is about, as far as the place of the policy asks."""
    named = {"Principal", "NotPrincipal"} & statement.keys()
    if bool(named) is not kind.principal:
        yield "names no principal" if kind.principal else "names a principal, which only resource policies may"
    resources = {"Resource", "NotResource"} & statement.keys()
    if kind.resource is not None and bool(resources) is not kind.resource:
        yield "names no resource" if kind.resource else "names a resource, which a trust policy may not"
    for part in ("Action", "NotAction", "Resource", "NotResource", "Principal"):
        if part in statement and not statement[part]:
            yield f"{part} is empty"


def _conditions(blocks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for operator, conditions in blocks.items():
        if not _OPERATOR.fullmatch(operator):
            yield f"{operator!r} is no condition operator"
        for key, values in conditions.items():
            if ":" not in key or values in ([], ""):
                yield f"condition {key!r} has no prefix, or no value"


def _unknown(action: str) -> str:
    if action == "*":
        return ""
    service, colon, name = action.partition(":")
    if not colon or not is_known_service(service):
        return f"{action!r} names no service"
    known = actions_of(service)
    if known and not any(fnmatchcase(one.lower(), name.lower()) for one in known):
        return f"{action!r} matches no action of {service}"
    return ""


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
