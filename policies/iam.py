"""IAM policy documents: their statements, whom they speak of, and what narrows them.

Owns the shapes that IAM lets people write (one value or a list, text or mapping) and which resources carry a
document. It judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from policies.views import Node, Resource, Undetermined

ROLE: Final = "aws:iam/role:Role"
POLICY: Final = "aws:iam/policy:Policy"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
ROLE_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"

DOCUMENT_KEYS: Final = {
    POLICY: "policy",
    ROLE_POLICY: "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
}
"""Resources that give permissions to an identity -> the input that holds the document."""
ATTACHMENT_KEYS: Final = {
    ROLE_ATTACHMENT: "policyArn",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
    "aws:iam/policyAttachment:PolicyAttachment": "policyArn",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": "managedPolicyArn",
}
"""Resources that attach a policy to an identity -> the input that holds its ARN."""

# Operators that only match where the key is there and has a value that is named. Not among them: the negated ones,
# `...IfExists` and `ForAllValues:`, which match where the key is missing (AWS, IAM User Guide, "IAM JSON policy
# elements: Condition operators", read 2026-11).
_EXACT: Final = frozenset(
    {
        "stringequals",
        "stringequalsignorecase",
        "numericequals",
        "numericlessthan",
        "numericlessthanequals",
        "datelessthan",
        "datelessthanequals",
        "ipaddress",
        "binaryequals",
    }
)
_PATTERNS: Final = frozenset({"stringlike", "arnlike", "arnequals"})
_ARN_HEAD: Final = re.compile(r"^arn:[^:]*:?")


def one_or_many(node: Node) -> tuple[Node, ...]:
    """The entries of what IAM lets people write as one value or as a list; none if missing."""
    if isinstance(node.raw, list):
        return node.items()
    return () if node.missing else (node,)


def statements(document: Node) -> tuple[Node, ...]:
    """Statements of the document at a node, which is text or a mapping."""
    return one_or_many(document.document()["Statement"])


def allows(statement: Node) -> bool:
    """Whether it allows something; what it denies is nobody's risk."""
    return statement["Effect"].text() == "Allow"


def actions(statement: Node) -> tuple[Node, ...]:
    """Actions that a statement is about; none if it is about all but some."""
    return one_or_many(statement["Action"])


def action_names(statement: Node) -> tuple[str, ...]:
    """Names of these actions in lower case: IAM does not tell cases apart."""
    return tuple((action.text() or "").lower() for action in actions(statement))


def principals(statement: Node) -> Iterator[tuple[str, Node]]:
    """Whom a statement is about: kind (`AWS`, `Service`, `Federated`...) and name; `*` is of kind `AWS`.

    Raises:
        Undetermined: Not even the kind is known before deployment.
    """
    node = statement["Principal"]
    if node.unknown:
        raise Undetermined(node.path, node.urn)
    if not isinstance(node.raw, dict):
        yield from (("AWS", entry) for entry in one_or_many(node))
        return
    for kind, names in node.entries().items():
        yield from ((kind, name) for name in one_or_many(names))


def identity_documents(resource: Resource) -> tuple[Node, ...]:
    """Documents of permissions that a resource gives to an identity, as they are written."""
    if resource.token == ROLE:
        return tuple(entry["policy"] for entry in resource["inlinePolicies"].items())
    return (resource[DOCUMENT_KEYS[resource.token]],) if resource.token in DOCUMENT_KEYS else ()


def is_open(text: str) -> bool:
    """Whether a pattern of names matches anything."""
    return _ARN_HEAD.sub("", text).strip("*?:/") == ""


def narrowed(
    resource: Resource,
    statement: Node,
    by: Callable[[str], bool],
    matches_anything: Callable[[str], bool] = is_open,
) -> bool:
    """Whether a condition limits a statement to named values of a context key.

    Args:
        resource: The resource that carries the statement.
        statement: The statement.
        by: Which keys count; they are given in lower case.
        matches_anything: Which patterns limit nothing.

    Raises:
        Undetermined: No condition does for certain, but one whose value is not known before deployment may.
    """
    doubt: Undetermined | None = None
    for operator, keys in statement["Condition"].entries().items():
        for key, values in keys.entries().items():
            try:
                if by(key.lower()) and _limits(resource, operator.lower(), values, matches_anything):
                    return True
            except Undetermined as unknown:
                doubt = unknown
    if doubt is not None:
        raise doubt
    return False


def _limits(resource: Resource, operator: str, values: Node, matches_anything: Callable[[str], bool]) -> bool:
    operator = operator.removeprefix("foranyvalue:")
    if operator == "bool":
        return all(value.truth() for value in one_or_many(values))
    if operator == "null":
        return all(value.truth() is False for value in one_or_many(values))
    if operator in _PATTERNS:
        return not any(
            not comes_from_stack(resource, value) and matches_anything(value.text() or "")
            for value in one_or_many(values)
        )
    return operator in _EXACT


def comes_from_stack(resource: Resource, node: Node) -> bool:
    """Whether the value is not known yet, and is that of a resource of the stack: then it names something."""
    return node.unknown and bool(resource.sources(node))
