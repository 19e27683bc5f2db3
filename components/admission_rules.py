"""What the API server admits in a tenant's namespace: every policy.

Owns the rules about routes, services, scaling, analyses and the namespace itself; those about pods are
`components.admission_pods`, and who all of them hold for is `components.admission`.
"""

from typing import Final

from components.admission_pods import PODS, ROLLOUTS
from components.admission_policy import Fact, Policy, Rule, text, texts
from components.gateway import Gateway
from serving.blueprint.tags import TagKey

_TRIGGERS: Final = ("cron", "prometheus")
"""What scaling may follow: the clock and the cluster's own metrics. Every other scaler makes KEDA call out."""

_GATEWAY_REFERENCE: Final = f"{Gateway.NAMESPACE}/{Gateway.NAME}"

_REFERENCE: Final = "p.?namespace.orValue(request.namespace) + '/' + p.name"

ROUTES: Final = Policy(
    name="serving-tenant-routes",
    group="gateway.networking.k8s.io",
    versions=("v1",),
    resources=("httproutes", "grpcroutes"),
    variables={
        "hosts": "object.spec.?hostnames.orValue([])",
        "backends": "object.spec.?rules.orValue([]).map(r, r.?backendRefs.orValue([])).flatten()",
    },
    rules=(
        Rule(
            "foreignHosts",
            f"variables.hosts.filter(h, !(h in {Fact.HOSTS.items}))"
            " + (size(variables.hosts) == 0 ? ['every host of the gateway'] : [])",
            what="hosts that belong to no service of the tenant",
            effect="requests for other tenants' services would be answered here",
            remedy="name hosts of the tenant's own services",
        ),
        Rule(
            "foreignGateways",
            f"object.spec.?parentRefs.orValue([]).filter(p, p.?kind.orValue('Gateway') != 'Gateway' || {_REFERENCE}"
            f" != {text(_GATEWAY_REFERENCE)}).map(p, {_REFERENCE})",
            what="parents other than the serving gateway",
            effect="traffic would come in past firewall, limits and metrics",
            remedy=f"attach the route to gateway {_GATEWAY_REFERENCE}",
        ),
        Rule(
            "foreignBackends",
            "variables.backends.filter(b, b.?namespace.orValue(request.namespace) != request.namespace)"
            ".map(b, b.namespace + '/' + b.name)",
            what="backends in other namespaces",
            effect="requests would reach other tenants' replicas",
            remedy="send requests to services of the route's own namespace",
        ),
    ),
)
"""Which hosts, through which gateway, to which replicas."""

SERVICES: Final = Policy(
    name="serving-tenant-services",
    group="",
    versions=("v1",),
    resources=("services",),
    variables={},
    rules=(
        Rule(
            "waysOut",
            "(object.spec.?type.orValue('ClusterIP') == 'ClusterIP' ? [] : [object.spec.type])"
            " + object.spec.?externalIPs.orValue([])",
            what="service of a type other than ClusterIP, or with addresses of its own",
            effect="traffic would come in or go out past the gateway, or be taken from other addresses",
            remedy="use ClusterIP; the gateway is the only way in",
        ),
    ),
    asks_facts=False,
)
"""Services inside the cluster only."""


def scaling(prometheus_url: str) -> Policy:
    """What KEDA scales, and whom it asks: it asks with its own rights and from its own network."""
    return Policy(
        name="serving-tenant-scaling",
        group="keda.sh",
        versions=("v1alpha1",),
        resources=("scaledobjects", "scaledjobs"),
        variables={
            "spec": "dyn(object.spec)",
            "target": "variables.spec.?scaleTargetRef.orValue({})",
            "triggers": "variables.spec.?triggers.orValue([])",
        },
        rules=(
            Rule(
                "foreignTargets",
                "object.kind == 'ScaledObject'"
                " && !(variables.target.?kind.orValue('Deployment') in ['Rollout', 'LeaderWorkerSet'])"
                " ? [string(variables.target.?kind.orValue('Deployment')) + ' '"
                " + string(variables.target.?name.orValue(''))] : []",
                what="target that is neither a Rollout nor a LeaderWorkerSet",
                effect="replicas would be counted by two controllers, or past the tenant's plan",
                remedy="scale a Rollout, or a LeaderWorkerSet, of the same namespace",
            ),
            Rule(
                "unbounded",
                "has(variables.spec.maxReplicaCount) ? [] : ['maxReplicaCount is not stated']",
                what="no upper bound",
                effect="KEDA's own default of 100 would hold, whatever quota and budget say",
                remedy="state maxReplicaCount",
            ),
            Rule(
                "foreignMetrics",
                f"variables.triggers.filter(t, !(string(t.type) in {texts(_TRIGGERS)})).map(t, string(t.type))"
                " + variables.triggers.filter(t, string(t.type) == 'prometheus'"
                f" && string(t.metadata.?serverAddress.orValue('')) != {text(prometheus_url)})"
                ".map(t, string(t.metadata.?serverAddress.orValue('no address')))",
                what="metrics from elsewhere than the cluster's own Prometheus and the clock",
                effect="KEDA would call addresses that the tenant itself may not reach",
                remedy=f"use triggers of type {' or '.join(_TRIGGERS)}, with serverAddress {prometheus_url}",
            ),
        ),
        asks_facts=False,
    )


def analyses(prometheus_url: str) -> Policy:
    """Whom the rollout controller asks about a version: it asks with its own rights and from its own network."""
    return Policy(
        name="serving-tenant-analyses",
        group="argoproj.io",
        versions=("v1alpha1",),
        resources=("analysistemplates", "analysisruns"),
        variables={"providers": "object.spec.?metrics.orValue([]).map(m, dyn(m.provider))"},
        rules=(
            Rule(
                "foreignProviders",
                "variables.providers.filter(p, !has(p.prometheus)"
                f" || string(p.prometheus.?address.orValue('')) != {text(prometheus_url)})"
                ".map(p, has(p.prometheus) ? string(p.prometheus.?address.orValue('no address'))"
                " : 'another provider')",
                what="measurements from elsewhere than the cluster's own Prometheus",
                effect="the rollout controller would call addresses, or start jobs, that the tenant itself may not",
                remedy=f"use the provider prometheus with address {prometheus_url}",
            ),
        ),
        asks_facts=False,
    )


NAMESPACES: Final = Policy(
    name="serving-tenant-namespaces",
    group="",
    versions=("v1",),
    resources=("namespaces",),
    variables={"labels": "object.metadata.?labels.orValue({})"},
    rules=(
        Rule(
            "weakened",
            "['enforce', 'audit', 'warn'].map(m, 'pod-security.kubernetes.io/' + m)"
            ".filter(k, variables.labels[?k].orValue('') != 'restricted')",
            what="labels that do not hold pods to the restricted standard",
            effect="pods of a tenant could reach the node and every other tenant on it",
            remedy="leave them at restricted",
        ),
        Rule(
            "renamed",
            f"variables.labels[?{text(TagKey.TENANT.label)}].orValue('') == object.metadata.name ? []"
            f" : [variables.labels[?{text(TagKey.TENANT.label)}].orValue('none')]",
            what=f"label {TagKey.TENANT.label} does not name the tenant",
            effect="its routes would be refused by the gateway and its costs charged to somebody else",
            remedy="set the label to the name of the namespace",
        ),
    ),
    judged=("metadata.labels",),
    asks_facts=False,
)
"""The labels that hold a tenant's namespace to its rules."""


def policies(prometheus_url: str) -> tuple[Policy, ...]:
    """All policies.

    Args:
        prometheus_url: The one place that controllers ask for metrics.
    """
    return (PODS, ROLLOUTS, ROUTES, SERVICES, scaling(prometheus_url), analyses(prometheus_url), NAMESPACES)
