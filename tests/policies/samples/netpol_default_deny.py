"""Samples of `netpol-default-deny`."""

from __future__ import annotations

from dataclasses import replace

from policies.checks.netpol_default_deny import POLICY
from policies.tokens import NAMESPACE
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.workloads import deployment, in_namespace

TENANT = Declared(NAMESPACE, "assistants", {"metadata": {"name": "assistants"}})


def policy(name: str, namespace: str = "assistants", **spec: object) -> Declared:
    return Declared(POLICY, name, {"metadata": {"name": name, "namespace": namespace}, "spec": spec})


def allow(selector: Json) -> Declared:
    return policy("allow", podSelector=selector, policyTypes=["Ingress"], ingress=[{"from": []}])


DENY = policy("deny", podSelector={}, policyTypes=["Ingress", "Egress"])
ALLOW = allow({"matchLabels": {"app": "chat"}})
CHAT = deployment()

SAMPLES = (
    Sample(Case.ALLOWED, "deny and allow", (TENANT, CHAT, DENY, ALLOW)),
    Sample(
        Case.ALLOWED,
        "by expression",
        (TENANT, CHAT, DENY, allow({"matchExpressions": [{"key": "app", "operator": "In", "values": ["chat"]}]})),
    ),
    Sample(
        Case.RESOLVED,
        "namespace of the same stack",
        (
            TENANT,
            replace(in_namespace(CHAT, UNKNOWN), needs={"metadata": ("assistants",)}),
            DENY,
            ALLOW,
        ),
    ),
    Sample(Case.DISALLOWED, "no policy", (TENANT, CHAT), ("no policy that denies all", "no policy says")),
    Sample(Case.DISALLOWED, "no denial", (TENANT, CHAT, ALLOW), ("no policy that denies all",)),
    Sample(
        Case.DISALLOWED, "not selected", (TENANT, CHAT, DENY, allow({"matchLabels": {"app": "x"}})), ("no policy says",)
    ),
    Sample(
        Case.DISALLOWED,
        "one way only",
        (TENANT, CHAT, ALLOW, policy("deny", podSelector={}, policyTypes=["Ingress"])),
        ("no policy that denies all",),
    ),
    Sample(
        Case.DISALLOWED,
        "policies of another namespace",
        (TENANT, CHAT, policy("deny", "other", podSelector={}, policyTypes=["Ingress", "Egress"]), ALLOW),
        ("no policy that denies all",),
    ),
    Sample(
        Case.DISALLOWED,
        "policies of another cluster",
        (
            TENANT,
            replace(CHAT, provider="urn:a"),
            replace(DENY, provider="urn:b"),
            replace(ALLOW, provider="urn:a"),
        ),
        ("no policy that denies all",),
    ),
    Sample(
        Case.UNKNOWN,
        "whom a policy selects",
        (TENANT, CHAT, DENY, policy("allow", podSelector=UNKNOWN, policyTypes=["Ingress"], ingress=[{}])),
        ("spec.podSelector is not known",),
    ),
    Sample(
        Case.UNKNOWN,
        "where the workload is",
        (TENANT, in_namespace(CHAT, UNKNOWN)),
        ("metadata.namespace is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "nothing runs there", (TENANT,)),
)
