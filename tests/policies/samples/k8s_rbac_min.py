"""Samples of `k8s-rbac-min`."""

from __future__ import annotations

from policies.checks.k8s_rbac_min import BINDINGS, ROLES
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

CLUSTER_ROLE, ROLE = ROLES[:2]
CLUSTER_BINDING, BINDING = BINDINGS[:2]
ACCOUNT = {"kind": "ServiceAccount", "name": "keda-operator", "namespace": "keda"}


def rule(*verbs: object, resources: tuple[object, ...] = ("pods",), **changes: object) -> Json:
    return {"apiGroups": [""], "resources": list(resources), "verbs": list(verbs), **changes}


def role(*rules: Json, token: str = CLUSTER_ROLE) -> Declared:
    return Declared(token, "reader", {"metadata": {"name": "reader"}, "rules": list(rules)})


def binding(name: object, *subjects: Json, token: str = CLUSTER_BINDING) -> Declared:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    return Declared(token, "given", {"roleRef": reference, "subjects": list(subjects)})


def group(name: object) -> Json:
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name}


def on(resource: str, *verbs: str, **changes: object) -> Declared:
    return role(rule(*verbs, resources=(resource,), **changes))


SAMPLES = (
    Sample(Case.ALLOWED, "named", (role(rule("get", "list", "watch")), binding("reader", ACCOUNT))),
    Sample(Case.ALLOWED, "one secret", (on("secrets", "get", resourceNames=["certificate"]),)),
    Sample(Case.ALLOWED, "secrets are only made", (on("secrets", "create"),)),
    Sample(Case.ALLOWED, "break-glass", (binding("cluster-admin", group("break-glass")),)),
    Sample(Case.ALLOWED, "aggregated", (Declared(CLUSTER_ROLE, "sum", {"aggregationRule": {}}),)),
    Sample(Case.DISALLOWED, "verbs", (role(rule("*")),), ("rules[0].verbs[0] is a wildcard",)),
    Sample(Case.DISALLOWED, "resources", (on("*", "get"),), ("rules[0].resources[0] is a wildcard",)),
    Sample(Case.DISALLOWED, "subresources", (on("pods/*", "get"),), ("rules[0].resources[0] is a wildcard",)),
    Sample(
        Case.DISALLOWED, "groups", (role(rule("get", apiGroups=["*"]), token=ROLE),), ("apiGroups[0] is a wildcard",)
    ),
    Sample(
        Case.DISALLOWED,
        "URLs",
        (role({"nonResourceURLs": ["*"], "verbs": ["get"]}),),
        ("nonResourceURLs[0] is a wildcard",),
    ),
    Sample(Case.DISALLOWED, "impersonation", (on("users", "impersonate"),), ("verbs[0] is",)),
    Sample(
        Case.DISALLOWED,
        "wider roles",
        (on("clusterroles", "bind", "escalate"),),
        ("verbs[0] is", "verbs[1] is"),
    ),
    Sample(Case.DISALLOWED, "list of secrets", (on("secrets", "get", "list"),), ("lists secrets",)),
    Sample(Case.DISALLOWED, "any secret", (on("secrets", "get"),), ("resourceNames is missing",)),
    Sample(Case.DISALLOWED, "tokens", (on("serviceaccounts/token", "create"),), ("serviceaccounts/token",)),
    Sample(Case.DISALLOWED, "kubelets", (on("nodes/proxy", "get"),), ("nodes/proxy",)),
    Sample(Case.DISALLOWED, "older version", (role(rule("*"), token=ROLES[2]),), ("is a wildcard",)),
    Sample(Case.DISALLOWED, "cluster-admin", (binding("cluster-admin", ACCOUNT),), ("roleRef.name is",)),
    Sample(
        Case.DISALLOWED,
        "cluster-admin, in a namespace",
        (binding("cluster-admin", group("break-glass"), ACCOUNT, token=BINDING),),
        ("given to others than administrators",),
    ),
    Sample(Case.DISALLOWED, "everybody", (binding("reader", group("system:authenticated")),), ("subjects[0].name is",)),
    Sample(
        Case.DISALLOWED,
        "all accounts of a namespace",
        (binding("reader", group("system:serviceaccounts:shop")),),
        ("subjects[0].name is",),
    ),
    Sample(
        Case.DISALLOWED,
        "default account",
        (binding("reader", {"kind": "ServiceAccount", "name": "default", "namespace": "shop"}),),
        ("subjects[0].name is default",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown rule hides no other",
        (role(rule(UNKNOWN), rule("*")),),
        ("rules[1].verbs[0] is a wildcard", "rules[0].verbs[0] is not known"),
    ),
    Sample(Case.UNKNOWN, "which role", (binding(UNKNOWN, ACCOUNT),), ("roleRef.name is not known",)),
    Sample(Case.NOT_APPLICABLE, "no role", (Declared("kubernetes:core/v1:Secret", "s", {}),)),
)
