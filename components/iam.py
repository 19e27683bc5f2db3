"""IAM documents and roles: typed statements in, JSON out.

Owns how a policy document is written and how a role is made. Which permissions a part needs is stated by the
component that needs them. ARNs are built here from what is known (account, region, name), so that a preview
shows them in full; a statement takes an output only where a name is not predictable.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pulumi
import pulumi_aws as aws

from components.naming import NameRule, physical_name
from components.options import child_options

PLATFORM = "platform."
"""Head of the names of roles that belong to no service; no service's name can have a dot."""

BACKUP_ROLE = "backup"
"""Last part of the name of the role of AWS Backup, which bucket policies name before it exists."""

CLUSTER_ROLE = f"{PLATFORM}cluster"
"""Last part of the name of a control plane's role, which key policies name before it exists."""

_MAX_SESSION_SECONDS = 3_600  # the shortest that IAM allows; services renew their sessions themselves


class Effect(Enum):
    """What a statement does; a denial always wins."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Principals:
    """Who a statement of a resource or trust policy is about."""

    kind: str
    values: tuple[pulumi.Input[str], ...]

    @staticmethod
    def service(*services: str) -> "Principals":
        """AWS services, as `logs.eu-west-1.amazonaws.com`."""
        return Principals("Service", services)

    @staticmethod
    def aws(*arns: pulumi.Input[str]) -> "Principals":
        """Accounts or roles. A role must exist when the policy is written."""
        return Principals("AWS", arns)

    @staticmethod
    def anyone() -> "Principals":
        """Everybody: for denials, and for endpoint policies that conditions narrow."""
        return Principals("AWS", ("*",))


@dataclass(frozen=True, slots=True, init=False)
class Condition:
    """One condition: an operator, a context key and the values of which one must match."""

    operator: str
    key: str
    values: tuple[pulumi.Input[str], ...]

    def __init__(self, operator: str, key: str, *values: pulumi.Input[str]) -> None:
        object.__setattr__(self, "operator", operator)
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy document.

    Attributes:
        sid: Its id: letters and digits.
        actions: What it is about.
        resources: On what; empty in trust policies and in policies of ECR repositories, which are about
            the thing that they are attached to.
        effect: Allow or deny.
        principals: Who; only in policies that are attached to a resource.
        conditions: All must hold.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[pulumi.Input[str], ...] = ()
    effect: Effect = Effect.ALLOW
    principals: Principals | None = None
    conditions: tuple[Condition, ...] = ()

    def inputs(self) -> Iterator[pulumi.Input[str]]:
        """All values that may be outputs."""
        yield from self.resources
        yield from self.principals.values if self.principals else ()
        for condition in self.conditions:
            yield from condition.values

    def to_json(self) -> dict[str, Any]:
        """The statement as IAM writes it."""
        statement: dict[str, Any] = {"Sid": self.sid, "Effect": self.effect.value}
        if self.principals:
            anyone = self.principals == Principals.anyone()
            statement["Principal"] = "*" if anyone else {self.principals.kind: _one_or_many(self.principals.values)}
        statement["Action"] = _one_or_many(self.actions)
        if self.resources:
            statement["Resource"] = _one_or_many(self.resources)
        for condition in self.conditions:
            operator = statement.setdefault("Condition", {}).setdefault(condition.operator, {})
            operator[condition.key] = _one_or_many(condition.values)
        return statement


def policy_document(statements: Sequence[Statement]) -> pulumi.Input[str]:
    """The JSON policy document of the statements; plain text when all that it says is known."""
    document = _document(statements)
    if all(isinstance(value, str) for statement in statements for value in statement.inputs()):
        return json.dumps(document)
    # the SDK resolves mappings in any order: without a fixed one every preview would show a change
    return pulumi.Output.json_dumps(document, sort_keys=True)


def readable_policy(statements: Sequence[Statement]) -> Any:  # noqa: ANN401  (text, or a mapping of the provider's)
    """The document for resources that take text or a mapping: before deployment all that is known of it can be read."""
    document = policy_document(statements)
    return document if isinstance(document, str) else _document(statements)


def denial(
    sid: str, actions: Sequence[str], resources: Sequence[pulumi.Input[str]], *conditions: Condition
) -> Statement:
    """A statement of a resource's own policy that refuses everybody; with conditions, where all of them hold."""
    return Statement(
        sid, tuple(actions), tuple(resources), Effect.DENY, principals=Principals.anyone(), conditions=conditions
    )


def plain_denial(sid: str, actions: Sequence[str], resources: Sequence[pulumi.Input[str]]) -> Statement:
    """A statement of a resource's own policy by which nobody uses it without TLS."""
    return denial(sid, actions, resources, Condition("Bool", "aws:SecureTransport", "false"))


def service_trust(
    service: str, *conditions: Condition, actions: tuple[str, ...] = ("sts:AssumeRole",)
) -> pulumi.Input[str]:
    """Trust policy of a role that one AWS service assumes."""
    return policy_document(
        [Statement("Assume", actions, principals=Principals.service(service), conditions=conditions)]
    )


def pod_identity_trust(account_id: str, cluster_arn: str) -> pulumi.Input[str]:
    """Trust policy of a role that pods of one cluster assume through EKS Pod Identity."""
    return policy_document(
        [
            Statement(
                "AssumeByPods",
                ("sts:AssumeRole", "sts:TagSession"),
                principals=Principals.service("pods.eks.amazonaws.com"),
                conditions=(
                    Condition("StringEquals", "aws:SourceAccount", account_id),
                    Condition("ArnEquals", "aws:SourceArn", cluster_arn),
                ),
            )
        ]
    )


def partition(region: str) -> str:
    """The AWS partition of a region."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def dns_suffix(region: str) -> str:
    """Domain of the region's service endpoints."""
    return "amazonaws.com.cn" if partition(region) == "aws-cn" else "amazonaws.com"


def arn(service: str, region: str, account_id: str, resource: str, *, within: str = "") -> str:
    """An ARN from its parts.

    Args:
        service: Namespace, as `s3`.
        region: Region; empty for global services.
        account_id: Account; empty for S3.
        resource: Last part.
        within: A region of the partition, where `region` is empty.
    """
    return f"arn:{partition(region or within)}:{service}:{region}:{account_id}:{resource}"


def role_name(environment: str, *parts: str) -> str:
    """Physical name of a role: predictable, so that policies can name roles that are made later."""
    return physical_name(NameRule.IAM_ROLE, environment, *parts)


def role_arn(environment: str, account_id: str, within: str, *parts: str) -> str:
    """ARN of the role that `role_name` names."""
    return arn("iam", "", account_id, f"role/{role_name(environment, *parts)}", within=within)


def create_role(
    parent: pulumi.Resource,
    logical_name: str,
    name: str,
    *,
    description: str,
    trust: pulumi.Input[str],
    tags: Mapping[str, str],
    statements: Sequence[Statement] = (),
    managed_policy_arns: Mapping[str, str] | None = None,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """Make a role with its permissions.

    Args:
        parent: The component that owns the role.
        logical_name: Pulumi's name of the role; `-policy` and `-<key>` are appended for its permissions.
        name: Physical name, of `role_name`.
        description: What it is for.
        trust: Who may assume it.
        tags: Its tags.
        statements: Its own permissions.
        managed_policy_arns: Policies that AWS maintains, by a short key.

    Returns:
        The role, and what must exist before its permissions hold.
    """
    role = aws.iam.Role(
        logical_name,
        name=name,
        description=description,
        assume_role_policy=trust,
        max_session_duration=_MAX_SESSION_SECONDS,
        tags=dict(tags),
        opts=child_options(parent),
    )
    permissions: list[pulumi.Resource] = []
    if statements:
        permissions.append(
            aws.iam.RolePolicy(
                f"{logical_name}-policy",
                role=role.name,
                policy=readable_policy(statements),
                opts=child_options(parent),
            )
        )
    for key, policy_arn in (managed_policy_arns or {}).items():
        permissions.append(
            aws.iam.RolePolicyAttachment(
                f"{logical_name}-{key}", role=role.name, policy_arn=policy_arn, opts=child_options(parent)
            )
        )
    return role, permissions


def when_permitted(role: aws.iam.Role, permissions: Sequence[pulumi.Resource]) -> pulumi.Output[str]:
    """ARN of a role for those who need its permissions at once: they wait for them."""
    return pulumi.Output.all(role.arn, *[permission.urn for permission in permissions]).apply(_first)


def decrypt_through(sid: str, service: str, region: str, key_arn: pulumi.Input[str]) -> Statement:
    """Use of a key through one service alone."""
    through = Condition("StringEquals", "kms:ViaService", f"{service}.{region}.{dns_suffix(region)}")
    return Statement(sid, ("kms:Decrypt",), (key_arn,), conditions=(through,))


def managed_policy(name: str, region: str) -> str:
    """ARN of a policy that AWS maintains; `name` with its path."""
    return arn("iam", "", "aws", f"policy/{name}", within=region)


def _document(statements: Sequence[Statement]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement.to_json() for statement in statements]}


def _first(values: Sequence[str]) -> str:
    return values[0]


def _one_or_many(values: Sequence[pulumi.Input[str]]) -> Any:  # noqa: ANN401  (JSON)
    return values[0] if len(values) == 1 else list(values)
