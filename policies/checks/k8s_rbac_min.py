"""Rule `k8s-rbac-min`: roles of the cluster allow what is named, and nothing by which to get more."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from pydantic import Field

from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.views import Node, Resource

_VERSIONS: Final = ("v1", "v1beta1", "v1alpha1")
_GROUP: Final = "kubernetes:rbac.authorization.k8s.io"
ROLES: Final = tuple(f"{_GROUP}/{version}:{kind}" for version in _VERSIONS for kind in ("ClusterRole", "Role"))
BINDINGS: Final = tuple(
    f"{_GROUP}/{version}:{kind}" for version in _VERSIONS for kind in ("ClusterRoleBinding", "RoleBinding")
)
_WILDCARD_KEYS: Final = ("apiGroups", "resources", "verbs", "nonResourceURLs")
_ESCALATING_VERBS: Final = ("escalate", "bind", "impersonate")
_LISTING_VERBS: Final = ("list", "watch")
# What leads from a small right to all of them; Kubernetes, "Role Based Access Control Good Practices", read 2026-11
_ESCALATING_RESOURCES: Final = {
    "serviceaccounts/token": ("create",),
    "nodes/proxy": ("get", "create", "update", "patch", "delete"),
    "certificatesigningrequests/approval": ("update", "patch"),
}
_EVERYBODY: Final = (
    "system:anonymous",
    "system:unauthenticated",
    "system:authenticated",
    "system:serviceaccounts",
    "system:masters",
)


class Rbac(Parameters):
    """Parameters."""

    forbidden_roles: tuple[str, ...] = Field(
        default=("cluster-admin",), description="Names of roles that are bound to nobody but the administrators."
    )
    administrators: tuple[str, ...] = Field(
        default=("*break-glass*",), description="Patterns of names of subjects that may have such a role."
    )


def check(resource: Resource, parameters: Rbac) -> Outcomes:
    """Judge a role by its rules, or a binding by whom it gives what."""
    if resource.token in ROLES:
        yield from judge_each((resource,), lambda role: judge_each(role["rules"].items(), _judge_rule))
        return
    subjects = resource["subjects"]
    yield from judge_each((subjects,), lambda node: judge_each(node.items(), _judge_subject))
    yield from judge_each((resource,), partial(_judge_reference, parameters))


def _judge_rule(rule: Node) -> Iterator[Outcome]:
    for key in _WILDCARD_KEYS:
        yield from judge_each((rule[key],), _judge_wildcard)
    yield from judge_each((rule["verbs"],), _judge_verbs)
    yield from judge_each((rule,), _judge_secrets)
    yield from judge_each((rule,), _judge_ways_up)


def _judge_wildcard(values: Node) -> Iterator[Outcome]:
    for value in values.items():
        if (value.text() or "").endswith("*"):
            yield Violation(f"{value.place} is a wildcard")


def _judge_verbs(verbs: Node) -> Iterator[Outcome]:
    for verb in verbs.items():
        if (verb.text() or "").lower() in _ESCALATING_VERBS:
            yield Violation(f"{verb.place} is {verb.shown}, by which rights can be widened")


def _judge_secrets(rule: Node) -> Iterator[Outcome]:
    if "secrets" not in _texts(rule["resources"]):
        return
    verbs = _texts(rule["verbs"])
    if not verbs.isdisjoint(_LISTING_VERBS):
        yield Violation(f"{rule['verbs'].place} lists secrets, and a list holds their values")
    elif "get" in verbs and not rule["resourceNames"].items():
        yield Violation(f"{rule['resourceNames'].place} is missing: every secret can be read")


def _judge_ways_up(rule: Node) -> Iterator[Outcome]:
    resources, verbs = _texts(rule["resources"]), _texts(rule["verbs"])
    for resource, escalating in _ESCALATING_RESOURCES.items():
        if resource in resources and not verbs.isdisjoint(escalating):
            yield Violation(f"{rule['resources'].place} has {resource}, by which rights can be widened")


def _texts(values: Node) -> set[str]:
    return {(value.text() or "").lower() for value in values.items()}


def _judge_subject(subject: Node) -> Iterator[Outcome]:
    kind, name = subject["kind"].text(), subject["name"]
    if kind in ("Group", "User") and (name.text() or "").startswith(_EVERYBODY):
        yield Violation(f"{name.place} is {name.shown}, who is everybody or bound by no rule")
    elif kind == "ServiceAccount" and name.text() == "default":
        yield Violation(f"{name.place} is default, under which any pod may run")


def _judge_reference(parameters: Rbac, binding: Resource) -> Iterator[Outcome]:
    name = binding.at("roleRef", "name")
    if name.text() not in parameters.forbidden_roles:
        return
    subjects = binding["subjects"].items()
    if not subjects or not all(_is_administrator(subject, parameters) for subject in subjects):
        yield Violation(f"{name.place} is {name.shown}, and is given to others than administrators")


def _is_administrator(subject: Node, parameters: Rbac) -> bool:
    return any(fnmatchcase(subject["name"].text() or "", pattern) for pattern in parameters.administrators)


RULE = Rule(
    id="k8s-rbac-min",
    title="Roles of the cluster name what they allow, and open no way to more",
    description=(
        "Rules of Roles and ClusterRoles name their groups, resources, verbs and URLs without wildcards; they "
        "neither escalate, bind or impersonate, nor list secrets or read unnamed ones, nor make tokens of service "
        "accounts, approve certificates or reach through nodes. Bindings give cluster-admin to administrators only, "
        "and nothing to everybody or to accounts called `default`."
    ),
    effect="one stolen token is enough to take over the cluster",
    remedy="name the resources and verbs that are needed, and secrets by resourceNames",
    topic=Topic.IDENTITY,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(*ROLES, *BINDINGS),
    parameters=Rbac,
    check=check,
)
