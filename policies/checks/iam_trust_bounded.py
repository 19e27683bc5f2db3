"""Rule `iam-trust-bounded`: roles say who may assume them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from pydantic import Field

from policies.iam import ROLE, actions, allows, comes_from_stack, narrowed, principals, statements
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.views import Node, Resource

_PRINCIPAL_KEYS: Final = ("aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths")
_SOURCE_KEYS: Final = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths")
_ACCOUNT_KEYS: Final = (*_PRINCIPAL_KEYS, *_SOURCE_KEYS, "sts:externalid", "aws:multifactorauthpresent")
_WHOLE_ACCOUNT: Final = re.compile(r"^(arn:aws[a-z-]*:iam::)?(\d{12})(:root)?$", re.ASCII)
_MEMBER: Final = re.compile(r"^arn:aws[a-z-]*:(iam|sts)::(\d{12}):", re.ASCII)
_OIDC: Final = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
_SAML: Final = "aws:iam/samlProvider:SamlProvider"
# Heads of subjects that name nobody yet: GitHub Actions, GitLab, Terraform Cloud, Bitbucket, EKS service accounts
_BARE_SUBJECTS: Final = ("repo:", "project_path:", "organization:", "org/", "system:serviceaccount:")
_AUDIENCES: Final = (":aud", ":app_id", ":amr", ":sub")


class Trust(Parameters):
    """Parameters."""

    own_accounts: tuple[str, ...] = Field(
        default=(), description="Accounts whose identities may assume roles without a further condition."
    )
    # no account can pass a role of another one to a service, so a confused service is rare for roles; some ask anyway
    services_with_source: tuple[str, ...] = Field(
        default=(), description="Service principals whose statements must have aws:SourceArn or aws:SourceAccount."
    )


def check(role: Resource, parameters: Trust) -> Outcomes:
    """Judge the trust policy of a role."""
    yield from judge_each(statements(role["assumeRolePolicy"]), partial(_judge_statement, role, parameters))


def _judge_statement(role: Resource, parameters: Trust, statement: Node) -> Iterator[Outcome]:
    if not allows(statement):
        return
    if not statement["NotPrincipal"].missing:
        yield Violation(f"{statement['NotPrincipal'].place} trusts everybody but whom it names")
    elif statement["Principal"].missing:
        yield Violation(f"{statement['Principal'].place} is missing")
    yield from judge_each(actions(statement), _judge_action)
    yield from judge_each(principals(statement), partial(_judge_principal, role, parameters, statement))


def _judge_action(action: Node) -> Iterator[Outcome]:
    if "*" in (action.text() or ""):
        yield Violation(f"{action.place} is {action.shown}", remedy="name the way in which the role is assumed")


def _judge_principal(role: Resource, parameters: Trust, statement: Node, named: tuple[str, Node]) -> Outcomes:
    kind, node = named
    if kind == "AWS":
        return _judge_identity(role, parameters, statement, node)
    if kind == "Federated":
        return _judge_federation(role, statement, node)
    return _judge_service(role, parameters, statement, node)


def _judge_identity(role: Resource, parameters: Trust, statement: Node, node: Node) -> Iterator[Outcome]:
    if comes_from_stack(role, node):
        return
    text = node.text() or ""
    if "*" in text:
        if not narrowed(role, statement, _PRINCIPAL_KEYS.__contains__):
            yield Violation(f"{node.place} is {node.shown}: everybody may assume the role")
        return
    member = _WHOLE_ACCOUNT.match(text) or _MEMBER.match(text)
    if member is None or member[2] in parameters.own_accounts or _is_named(text, parameters):
        return
    if not narrowed(role, statement, _ACCOUNT_KEYS.__contains__):
        what = "a whole account" if _WHOLE_ACCOUNT.match(text) else "of another account"
        yield Violation(f"{node.place} is {what}, and no condition says who of it, or has an external id")


def _is_named(text: str, parameters: Trust) -> bool:
    """Whether it is one identity, and nobody said which accounts are foreign."""
    return _WHOLE_ACCOUNT.match(text) is None and not parameters.own_accounts


def _judge_federation(role: Resource, statement: Node, node: Node) -> Iterator[Outcome]:
    tokens = {source.token for source in role.sources(node)} if node.unknown else set()
    if _OIDC in tokens or (_SAML not in tokens and ":oidc-provider/" in (node.text() or "")):
        if not narrowed(role, statement, _is_subject, _is_bare):
            yield Violation(f"{node.place}: no condition on its `sub` says whose tokens are taken")
    elif _SAML in tokens or ":saml-provider/" in (node.text() or ""):
        if not narrowed(role, statement, lambda key: key.startswith("saml:")):
            yield Violation(f"{node.place}: no condition on SAML:aud says where its answers are taken")
    elif not narrowed(role, statement, lambda key: key.endswith(_AUDIENCES)):
        yield Violation(f"{node.place}: no condition says for whom its tokens were made")


def _is_subject(key: str) -> bool:
    return key.endswith(":sub")


def _is_bare(pattern: str) -> bool:
    """Whether a pattern of subjects names nobody before its first wildcard."""
    head = re.split(r"[*?]", pattern, maxsplit=1)[0]
    return head != pattern and (not head or any(bare.startswith(head) for bare in _BARE_SUBJECTS))


def _judge_service(role: Resource, parameters: Trust, statement: Node, node: Node) -> Iterator[Outcome]:
    if node.text() in parameters.services_with_source and not narrowed(role, statement, _SOURCE_KEYS.__contains__):
        yield Violation(f"{node.place} is {node.shown}, without a condition on aws:SourceArn or aws:SourceAccount")


RULE = Rule(
    id="iam-trust-bounded",
    title="Roles name who may assume them",
    description=(
        "A trust policy names its principals. Everybody, a whole account and (where the own accounts are known) an "
        "identity of another account need a condition: on the principal, its organisation, or an external id. Tokens "
        "of an OpenID Connect provider need one on `sub` that names at least an owner, those of a SAML provider one "
        "on the audience."
    ),
    effect="somebody whom nobody named assumes the role",
    remedy=(
        "name roles in Principal; add `sts:ExternalId` or `aws:PrincipalOrgID` across accounts, and `<issuer>:sub` "
        "to a federated principal"
    ),
    topic=Topic.IDENTITY,
    kind=Kind.RESOURCE,
    severity=Severity.CRITICAL,
    tokens=(ROLE,),
    parameters=Trust,
    check=check,
)
