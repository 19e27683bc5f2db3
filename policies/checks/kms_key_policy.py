"""Rule `kms-key-policy`: keys say who manages them, who uses them, and through what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from pydantic import Field

from policies.iam import action_names, allows, comes_from_stack, narrowed, principals, statements
from policies.keys import KMS_KEY, KMS_REPLICA_KEY
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.views import Node, Resource

KEY_POLICY: Final = "aws:kms/keyPolicy:KeyPolicy"
_EXTERNAL_KEYS: Final = (
    "aws:kms/externalKey:ExternalKey",
    "aws:kms/replicaExternalKey:ReplicaExternalKey",
)
_KEYS: Final = (KMS_KEY, KMS_REPLICA_KEY, *_EXTERNAL_KEYS)
# AWS KMS developer guide, "Default key policy": the two groups of actions of its statements, read 2026-11
_ADMINISTERING: Final = re.compile(
    r"^kms:(\*|create(?!grant)|create\*|enable|put|update|revoke|disable|delete|schedulekeydeletion|cancelkeydeletion"
    r"|tagresource|untagresource|importkeymaterial|replicatekey|rotatekeyondemand)"
)
_USING: Final = re.compile(r"^kms:(\*|decrypt|encrypt|generate|reencrypt|sign|derive)")
_ROOT: Final = re.compile(r"^(arn:aws[a-z-]*:iam::\d{12}:root|\d{12})$", re.ASCII)
_OWNER_KEYS: Final = (
    "kms:calleraccount",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
)
_NO_LIMITS: Final = ("kms:calleraccount", "aws:principalaccount")
"""Keys that name an account: who of it, and through what, they do not say."""


class KeyPolicies(Parameters):
    """Parameters."""

    default_policy_allowed: bool = Field(
        default=True,
        description="Whether a key may leave everything to its account's IAM, as the default policy of KMS has it.",
    )


def check(resource: Resource, parameters: KeyPolicies) -> Outcomes:
    """Judge the policy of a key, wherever it is written."""
    policy = resource["policy"]
    if policy.missing:
        if resource.token in _KEYS and not parameters.default_policy_allowed:
            yield from _judge_silence(resource)
        return
    yield from judge_each(statements(policy), partial(_judge_statement, resource, parameters))


def _judge_silence(key: Resource) -> Iterator[Outcome]:
    """A key without a policy in it has the default one, or a resource for its policy."""
    if key.stack.companions(key, KEY_POLICY, "keyId").one_or_doubt() is None:
        yield Violation("policy is missing, and the default one leaves everything to IAM")


def _judge_statement(resource: Resource, parameters: KeyPolicies, statement: Node) -> Iterator[Outcome]:
    if not allows(statement):
        return
    if not statement["NotPrincipal"].missing:
        yield Violation(f"{statement['NotPrincipal'].place} allows everybody but whom it names")
    if parameters.default_policy_allowed and _is_default(resource, statement):
        return
    aspects: tuple[Callable[[Resource, Node], Outcomes], ...] = (_judge_everybody, _judge_split, _judge_use)
    yield from judge_each(aspects, lambda aspect: aspect(resource, statement))


def _is_default(resource: Resource, statement: Node) -> bool:
    """Whether it hands all rights to the account, whose IAM then says who has which."""
    names = [_text(resource, name) for _, name in principals(statement)]
    return action_names(statement) == ("kms:*",) and bool(names) and all(_ROOT.match(name) for name in names)


def _text(resource: Resource, node: Node) -> str:
    return "" if comes_from_stack(resource, node) else node.text() or ""


def _judge_everybody(resource: Resource, statement: Node) -> Iterator[Outcome]:
    everybody = [name for kind, name in principals(statement) if kind == "AWS" and "*" in _text(resource, name)]
    if everybody and not narrowed(resource, statement, _OWNER_KEYS.__contains__):
        yield Violation(f"{everybody[0].place} is {everybody[0].shown}: everybody may use the key")


def _judge_split(resource: Resource, statement: Node) -> Iterator[Outcome]:
    names = action_names(statement)
    if any(_ADMINISTERING.match(name) for name in names) and any(_USING.match(name) for name in names):
        yield Violation(
            f"{statement['Action'].place} both administers and uses the key",
            remedy="let one statement administer and another one use, each with its own principals",
        )


def _judge_use(resource: Resource, statement: Node) -> Iterator[Outcome]:
    """Use by a whole account has to say through which service, or by whom."""
    names = action_names(statement)
    if not any(_USING.match(name) and name != "kms:*" for name in names):
        return
    for _, name in principals(statement):
        if _ROOT.match(_text(resource, name)) and not narrowed(resource, statement, _limits_use):
            yield Violation(f"{name.place} is a whole account, and no condition such as kms:ViaService limits it")


def _limits_use(key: str) -> bool:
    return key.startswith(("kms:", "aws:principal", "aws:source")) and key not in _NO_LIMITS


RULE = Rule(
    id="kms-key-policy",
    title="Key policies name who manages and who uses a key, and limit its use",
    description=(
        "Statements that allow something name their principals (everybody needs a condition on the caller's account or "
        "organisation), never both administer a key and use it, and let a whole account use it only through a service "
        "(kms:ViaService) or as named principals. Reads the policy of the key and a KeyPolicy. Whether a key may have "
        "the default policy of KMS, which leaves all of this to IAM, is a parameter."
    ),
    effect="who reads the data, or destroys its key, is decided by whoever can change an IAM policy, or by nobody",
    remedy=(
        "write one statement for administrators and one for users, and a condition on kms:ViaService where the "
        "principal is the account"
    ),
    topic=Topic.IDENTITY,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(*_KEYS, KEY_POLICY),
    parameters=KeyPolicies,
    check=check,
)
