"""Rule `pod-sa-token`: pods carry no credentials of the Kubernetes API that they do not need."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial

from pydantic import Field

from policies.rule import (
    Kind,
    Outcome,
    Outcomes,
    Parameters,
    Patch,
    Rule,
    Severity,
    Topic,
    Violation,
    judge_each,
    write,
)
from policies.tokens import SERVICE_ACCOUNT, WORKLOADS
from policies.views import Node, Resource
from policies.workloads import account_name, borrows_pods, object_name, pod_templates, service_account_of


class Tokens(Parameters):
    """Parameters."""

    api_clients: tuple[str, ...] = Field(
        default=(), description="Patterns of names of service accounts whose pods talk to the Kubernetes API."
    )
    own_account_required: bool = Field(
        default=True, description="Whether workloads must name a service account other than `default`."
    )


def check(resource: Resource, parameters: Tokens) -> Outcomes:
    """Judge the pods of a workload, or a service account."""
    if resource.token == SERVICE_ACCOUNT:
        yield from _judge_account(resource, parameters)
    elif not borrows_pods(resource):
        yield from judge_each(pod_templates(resource), lambda template: _judge_pods(resource, template, parameters))


def _judge_account(account: Resource, parameters: Tokens) -> Iterator[Outcome]:
    stated = account["automountServiceAccountToken"]
    if stated.truth() is not False and not _is_client(object_name(account), parameters):
        yield from _judge_stated(stated)


def _judge_pods(workload: Resource, template: Node, parameters: Tokens) -> Iterator[Outcome]:
    name = account_name(template)
    if parameters.own_account_required:
        yield from judge_each((name,), partial(_judge_name, workload))
    yield from judge_each((template,), partial(_judge_token, workload, parameters))


def _judge_name(workload: Resource, name: Node) -> Iterator[Outcome]:
    if name.unknown and any(source.token == SERVICE_ACCOUNT for source in workload.sources(name)):
        return
    if name.text() in (None, "", "default"):
        yield Violation(f"{name.place} names no service account of its own", remedy="give the workload one of its own")


def _judge_token(workload: Resource, parameters: Tokens, template: Node) -> Iterator[Outcome]:
    """What the pod says counts before what its account says."""
    stated = template.at("spec", "automountServiceAccountToken")
    if stated.truth() is False or (stated.missing and _account_refuses(workload, template)):
        return
    if not _is_client(account_name(template).text() or "default", parameters):
        yield from _judge_stated(stated)


def _account_refuses(workload: Resource, template: Node) -> bool:
    account = service_account_of(workload, template)
    return account is not None and account["automountServiceAccountToken"].truth() is False


def _judge_stated(node: Node) -> Iterator[Outcome]:
    if node.truth() is not False:
        yield Violation(f"{node.place} is not false")


def _is_client(name: str, parameters: Tokens) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in parameters.api_clients)


def fix(resource: Resource, parameters: Tokens) -> Patch:
    """Refuse the token at an account that says nothing of it; what talks to the API is to be named in `api_clients`.

    Pods of an account that is not named there, and that rely on the default, lose their token when they start anew.

    Pods themselves are left alone, because a change of them restarts or replaces them.
    """
    stated = resource["automountServiceAccountToken"]
    silent = resource.token == SERVICE_ACCOUNT and stated.truth() is None
    return write(stated, False) if silent and not _is_client(object_name(resource), parameters) else {}


RULE = Rule(
    id="pod-sa-token",
    title="Pods carry no token of the Kubernetes API, and run under a service account of their own",
    description=(
        "automountServiceAccountToken is false at each service account, and at the pods of each workload or at "
        "the service account of the stack that they run under; workloads name an account other than `default`. "
        "Accounts whose pods talk to the API are named by a parameter. A projected token with an audience of its "
        "own is not judged."
    ),
    effect="whoever breaks into a pod can talk to the cluster's API in its name",
    remedy=(
        "set automountServiceAccountToken false at the account and at the pod; name the accounts that need a token "
        "in the parameter api_clients"
    ),
    topic=Topic.POD_SECURITY,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=(SERVICE_ACCOUNT, *WORKLOADS),
    parameters=Tokens,
    check=check,
    fix=fix,
)
