"""Samples of `pod-sa-token`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from policies.tokens import ROLLOUT, SERVICE_ACCOUNT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.workloads import deployment, in_namespace, pods


def account(name: object = "chat", **properties: object) -> Declared:
    return Declared(SERVICE_ACCOUNT, "account", {"metadata": {"name": name, "namespace": "assistants"}, **properties})


def under(name: object = "chat", **spec: Any) -> Declared:
    return deployment(template=pods(serviceAccountName=name, **spec))


CLOSED = account(automountServiceAccountToken=False)
SILENT = under()
SAYS_NOTHING = ("spec.template.spec.automountServiceAccountToken is not false",)

SAMPLES = (
    Sample(Case.ALLOWED, "pod refuses", (under(automountServiceAccountToken=False),)),
    Sample(Case.ALLOWED, "account refuses", (CLOSED, SILENT)),
    Sample(
        Case.ALLOWED,
        "older key names the account",
        (CLOSED, deployment(template=pods(serviceAccount="chat"))),
    ),
    Sample(
        Case.ALLOWED,
        "client of the API",
        (account("keda-operator"), under("keda-operator", automountServiceAccountToken=True)),
        parameters={"api_clients": ["keda-*"]},
    ),
    Sample(
        Case.ALLOWED,
        "default account, by parameter",
        (deployment(template=pods(automountServiceAccountToken=False)),),
        parameters={"own_account_required": False},
    ),
    Sample(
        Case.RESOLVED,
        "account without a stated name",
        (
            account(UNKNOWN, automountServiceAccountToken=False),
            replace(under(UNKNOWN), needs={"spec": ("account",)}),
        ),
    ),
    Sample(Case.DISALLOWED, "nobody refuses", (SILENT,), SAYS_NOTHING),
    Sample(
        Case.DISALLOWED, "pod asks, account refuses", (CLOSED, under(automountServiceAccountToken=True)), SAYS_NOTHING
    ),
    Sample(Case.DISALLOWED, "account of another namespace", (in_namespace(CLOSED, "other"), SILENT), SAYS_NOTHING),
    Sample(
        Case.DISALLOWED, "account", (account(), under(automountServiceAccountToken=False)), ("automountServiceAccount",)
    ),
    Sample(
        Case.DISALLOWED,
        "default account",
        (under("default", automountServiceAccountToken=False),),
        ("serviceAccountName names no service account of its own",),
    ),
    Sample(
        Case.DISALLOWED,
        "no account",
        (deployment(template=pods(automountServiceAccountToken=False)),),
        ("serviceAccountName names no",),
    ),
    Sample(
        Case.UNKNOWN,
        "which account",
        (CLOSED, under(UNKNOWN)),
        ("serviceAccountName is not known",),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "rollout of a deployment's pods",
        (Declared(ROLLOUT, "r", {"spec": {"workloadRef": {"name": "chat"}}}),),
    ),
)
