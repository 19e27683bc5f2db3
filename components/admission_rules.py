"""What the API server admits in a tenant's namespace: the rules, as ValidatingAdmissionPolicies.

Owns the rules and their words, and nothing of who they hold for (`components.admission`). Each rule is an
expression that lists what breaks it, so that whoever is refused is told what it was, what it would have done and
what to do about it. What Pod Security (level restricted) and quotas refuse already is not refused here once more.

Facts of one tenant come in as parameters: a ConfigMap whose values are lists, one item a line.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from components.gateway import Gateway
from components.lineage import ANNOTATION_KEYS
from components.manifest import Manifest
from components.node_labels import ACCELERATOR_LABEL
from components.rollout import GATEWAY_PLUGIN
from serving.blueprint.tags import LINEAGE_KEYS, OWNERSHIP_KEYS, TagKey

API: Final = "admissionregistration.k8s.io/v1"

_DEVICES: Final = "nvidia.com/"
"""Prefix of whatever the device plugin offers, and of the taint on its nodes."""

_TRIGGERS: Final = ("cron", "prometheus")
"""What scaling may follow: the clock and the cluster's own metrics. Every other scaler makes KEDA call out."""


class Fact(StrEnum):
    """Keys of a tenant's parameters."""

    REGISTRIES = "registries"
    HOSTS = "hosts"
    SERVICES = "services"
    PRIORITY_CLASSES = "priority-classes"
    ACCELERATORS = "accelerators"
    ACCELERATORS_PER_CONTAINER = "accelerators-per-container"
    ACCELERATORS_PER_POD = "accelerators-per-pod"

    @property
    def text(self) -> str:
        """CEL: the value as it stands."""
        return f"params.data[{_text(self.value)}]"

    @property
    def items(self) -> str:
        """CEL: the value's lines."""
        return f"{self.text}.split('\\n')"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold.

    Attributes:
        name: Name of the variable that lists what breaks it.
        broken: CEL: a list of texts, one for each thing that breaks the rule.
        what: What is wrong with them.
        effect: What would happen if they were admitted.
        remedy: What to do instead.
    """

    name: str
    broken: str
    what: str
    effect: str
    remedy: str

    @property
    def validation(self) -> dict[str, str]:
        """The rule in the words of the API server."""
        consequence = f"; {self.effect}; {self.remedy}"
        return {
            "expression": f"size(variables.{self.name}) == 0",
            "message": f"{self.what}{consequence}",
            "messageExpression": f"{_text(self.what + ': ')} + variables.{self.name}.join(', ') + {_text(consequence)}",
            "reason": "Forbidden",
        }


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules about objects of some kinds.

    Attributes:
        name: Name of the ValidatingAdmissionPolicy, the same in every cluster.
        group: API group of the objects.
        versions: Versions of the API that the rules are written for; others are converted to them.
        resources: Resources, subresources included.
        variables: Name -> CEL that rules share, in order.
        rules: The rules.
        asks_facts: Whether they need the tenant's parameters.
    """

    name: str
    group: str
    versions: tuple[str, ...]
    resources: tuple[str, ...]
    variables: Mapping[str, str]
    rules: tuple[Rule, ...]
    asks_facts: bool = True


def policy_manifest(policy: Policy, labels: Mapping[str, str]) -> Manifest:
    """The ValidatingAdmissionPolicy. What cannot be judged is refused."""
    variables = {**policy.variables, **{rule.name: rule.broken for rule in policy.rules}}
    parameters = {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}} if policy.asks_facts else {}
    return {
        "apiVersion": API,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": policy.name, "labels": dict(labels)},
        "spec": {
            **parameters,
            "failurePolicy": "Fail",
            "matchConstraints": {
                "matchPolicy": "Equivalent",
                "resourceRules": [
                    {
                        "apiGroups": [policy.group],
                        "apiVersions": list(policy.versions),
                        "resources": list(policy.resources),
                        "operations": ["CREATE", "UPDATE"],
                    }
                ],
            },
            # what is on its way out is no longer judged: a finalizer must always be able to let go of it
            "matchConditions": [{"name": "stays", "expression": "!has(object.metadata.deletionTimestamp)"}],
            "variables": [{"name": name, "expression": expression} for name, expression in variables.items()],
            "validations": [rule.validation for rule in policy.rules],
        },
    }


def binding_manifest(
    policy: Policy, labels: Mapping[str, str], namespaces: Sequence[str], facts: Mapping[str, str] | None = None
) -> Manifest:
    """The binding of a policy to namespaces, which are told by the one label that only the API server writes.

    Args:
        policy: The policy.
        labels: Labels of the object.
        namespaces: Names of the namespaces; of one where the policy asks for facts.
        facts: Name and namespace of the tenant's parameters.
    """
    name = policy.name if facts is None else f"{policy.name}-{namespaces[0]}"
    parameters = {} if facts is None else {"paramRef": {**facts, "parameterNotFoundAction": "Deny"}}
    tenants = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(namespaces)}
    return {
        "apiVersion": API,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "policyName": policy.name,
            **parameters,
            "validationActions": ["Deny", "Audit"],
            "matchResources": {
                "matchPolicy": "Equivalent",
                "namespaceSelector": {"matchExpressions": [tenants]},
            },
        },
    }


def facts_data(facts: Mapping[Fact, Iterable[str]]) -> dict[str, str]:
    """A tenant's facts as the data of its ConfigMap."""
    return {fact.value: "\n".join(facts[fact]) for fact in Fact}


def _text(value: str) -> str:
    return json.dumps(value)


def _texts(values: Iterable[str]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"


def _amount(container: str) -> str:
    """CEL: how many accelerators a container asks for. Requests of extended resources are always their limits."""
    limits = f"{container}.?resources.?limits.orValue({{}})"
    count = f"quantity(string({limits}[k])).asInteger()"
    return f"{limits}.map(k, k.startsWith({_text(_DEVICES)}), {count}).sum()"


_REQUIRED_LABELS: Final = [key.label for key in (*OWNERSHIP_KEYS, *LINEAGE_KEYS) if key not in ANNOTATION_KEYS]
_REQUIRED_ANNOTATIONS: Final = [key.label for key in LINEAGE_KEYS if key in ANNOTATION_KEYS]

_OF_PODS: Final = {
    "spec": "variables.template.spec",
    "labels": "variables.template.?metadata.?labels.orValue({})",
    "annotations": "variables.template.?metadata.?annotations.orValue({})",
    "containers": "variables.spec.containers.map(c, dyn(c))"
    " + variables.spec.?initContainers.orValue([]).map(c, dyn(c))"
    " + variables.spec.?ephemeralContainers.orValue([]).map(c, dyn(c))",
    "volumes": "variables.spec.?volumes.orValue([]).map(v, dyn(v))",
    # a volume made of an image is content that a server runs or reads, like a container's
    "images": "variables.containers.map(c, string(c.?image.orValue('')))"
    " + variables.volumes.filter(v, has(v.image)).map(v, string(v.image.?reference.orValue('')))",
    "account": "string(variables.spec.?serviceAccountName.orValue('default'))",
    "service": f"string(variables.labels[?{_text(TagKey.SERVICE.label)}].orValue(''))",
    "accelerator": f"string(variables.spec.?nodeSelector.orValue({{}})[?{_text(ACCELERATOR_LABEL)}].orValue(''))",
    "amount": f"variables.containers.map(c, {_amount('c')}).sum()",
}
"""What several rules about pods ask; `template` comes before it."""

_POD_RULES: Final = (
    Rule(
        "unlabelled",
        f"{_texts(_REQUIRED_LABELS)}.filter(k, variables.labels[?k].orValue('') == '')"
        f" + {_texts(_REQUIRED_ANNOTATIONS)}.filter(k, variables.annotations[?k].orValue('') == '')",
        what="labels or annotations of ownership and lineage are missing",
        effect="nobody could tell whose the pod is, what it costs whom and which model it serves",
        remedy="state them on the pod; a service's blueprint renders all of them",
    ),
    Rule(
        "misattributed",
        f"variables.labels[?{_text(TagKey.TENANT.label)}].orValue('') == request.namespace ? []"
        f" : [string(variables.labels[?{_text(TagKey.TENANT.label)}].orValue('none'))]",
        what=f"label {TagKey.TENANT.label} does not name the tenant of the namespace",
        effect="its costs would be charged to somebody else",
        remedy="set the label to the name of the namespace",
    ),
    Rule(
        "unknownServices",
        f"variables.service in {Fact.SERVICES.items} ? [] : [variables.service]",
        what=f"label {TagKey.SERVICE.label} names no service of the tenant",
        effect="no owner, objective or budget would apply to the pod",
        remedy="name a service that has a blueprint in this environment",
    ),
    Rule(
        "foreignImages",
        f"variables.images.filter(i, !{Fact.REGISTRIES.items}.exists(r, i.startsWith(r + '/')))",
        what="images from outside of the environment's registries",
        effect="nobody scanned them, nobody signed them, and they may be gone tomorrow",
        remedy="publish them to the environment's registry and name them there",
    ),
    Rule(
        "movingImages",
        "variables.images.filter(i, !i.matches('^[^@]+@sha256:[0-9a-f]{64}$'))",
        what="images that are not named by digest",
        effect="two replicas of one version could run different code, and a signature would vouch for neither",
        remedy="name them by digest (repository@sha256:...)",
    ),
    Rule(
        "foreignAccounts",
        "variables.account == variables.service || (variables.account.startsWith(variables.service + '-')"
        f" && !(variables.account in {Fact.SERVICES.items})) ? [] : [variables.account]",
        what="service account that is not the pod's own service's",
        effect="the pod would act with the rights of somebody else, or with those that everybody shares",
        remedy="use the service account that is named after the service, or begins with its name and '-'",
    ),
    Rule(
        "foreignPriorities",
        f"[string(variables.spec.?priorityClassName.orValue('none'))].filter(p, !(p in {Fact.PRIORITY_CLASSES.items}))",
        what="priority class that belongs to no tier of the tenant's services",
        effect="in a full cluster the pod would push out services that matter more to users",
        remedy="use the priority class of the service's tier",
    ),
    Rule(
        "foreignAccelerators",
        f"variables.amount > 0 && !(variables.accelerator in {Fact.ACCELERATORS.items}.filter(a, a != ''))"
        " ? [variables.accelerator == '' ? 'none' : variables.accelerator] : []",
        what=f"accelerators whose node selector {ACCELERATOR_LABEL} is not one of those that the tenant may use",
        effect="the pod could land on dearer or scarcer accelerators that others have paid for",
        remedy="select the kind that the service's blueprint states under model.resources.accelerator",
    ),
    Rule(
        "greedyContainers",
        f"variables.containers.filter(c, {_amount('c')} > int({Fact.ACCELERATORS_PER_CONTAINER.text}))"
        f".map(c, string(c.name) + ' (' + string({_amount('c')}) + ')')",
        what="containers that ask for more accelerators than any service of the tenant declares",
        effect="one container would use up what the tenant's services scale on",
        remedy="ask for what the blueprint states under model.resources.accelerators, or change it there",
    ),
    Rule(
        "greedyPods",
        f"variables.amount > int({Fact.ACCELERATORS_PER_POD.text}) ? [string(variables.amount)] : []",
        what="pod that asks for more accelerators than any service of the tenant declares",
        effect="one pod would use up what the tenant's services scale on",
        remedy="spread the accelerators over as many pods as the blueprints declare",
    ),
    Rule(
        "sideDoors",
        # tolerations of what befalls any node (`node.kubernetes.io/...`) are given to every pod
        "(variables.amount == 0 ? variables.spec.?tolerations.orValue([]).map(t, dyn(t)).filter(t, !has(t.key)"
        f" || t.key == '' || t.key.startsWith({_text(_DEVICES)})).map(t, 'tolerates nodes with accelerators') : [])"
        " + (variables.amount == 0 && variables.accelerator != '' ? ['selects nodes with accelerators'] : [])"
        " + (request.operation == 'CREATE' && has(variables.spec.nodeName) ? ['names its node'] : [])"
        " + (size(variables.spec.?resourceClaims.orValue([])) > 0 ? ['claims devices past the quota'] : [])",
        what="ways to a node or a device past the scheduler and the quota",
        effect="the pod would take accelerators from those who asked and were granted them",
        remedy=f"ask for accelerators as a limit of a container, with the node selector {ACCELERATOR_LABEL}",
    ),
    Rule(
        "writableContainers",
        "variables.containers.filter(c, !(c.?securityContext.?readOnlyRootFilesystem.orValue(false)))"
        ".map(c, string(c.name))",
        what="containers whose root file system can be written",
        effect="whoever breaks into a server could change what it runs",
        remedy="set securityContext.readOnlyRootFilesystem: true and write to a volume",
    ),
)

_STATED_AMOUNTS: Final = Rule(
    "unmeasured",
    "variables.containers.filter(c, !['cpu', 'memory', 'ephemeral-storage'].all(r, r in"
    " c.?resources.?requests.orValue({})) || !['memory', 'ephemeral-storage'].all(r, r in"
    " c.?resources.?limits.orValue({}))).map(c, string(c.name))",
    what="containers without requests of CPU, memory and ephemeral storage, or without limits of the latter two",
    effect="they would get the defaults of the namespace, which know nothing of the model, and be killed under load",
    remedy="state resources; a service's blueprint renders them",
)
"""Only where a person states it: in a pod the namespace's defaults have filled the gap before anybody looks."""

_TRAFFIC: Final = Rule(
    "foreignRoutes",
    "variables.plugins.filter(p, p != " + _text(GATEWAY_PLUGIN) + ").map(p, 'router ' + p)"
    " + variables.plugins.map(p, dyn(variables.traffic.plugins[p])).filter(r,"
    " r.?namespace.orValue('') != request.namespace).map(r, 'namespace ' + string(r.?namespace.orValue('none')))"
    " + variables.traffic.filter(k, k != 'plugins' && k != 'managedRoutes').map(k, 'router ' + string(k))",
    what="traffic of another namespace, or moved by another router than the gateway's",
    effect="the rollout controller, which may change every route, would move other tenants' traffic",
    remedy="name a route of the Rollout's own namespace",
)

PODS: Final = Policy(
    name="serving-tenant-pods",
    group="",
    versions=("v1",),
    resources=("pods", "pods/ephemeralcontainers"),
    variables={"template": "object", **_OF_PODS},
    rules=_POD_RULES,
)
"""Every pod, whatever made it."""

ROLLOUTS: Final = Policy(
    name="serving-tenant-rollouts",
    group="argoproj.io",
    versions=("v1alpha1",),
    resources=("rollouts",),
    variables={
        # the type of a Rollout leaves parts of its pods open
        "template": "dyn(object.spec.template)",
        **_OF_PODS,
        "traffic": "dyn(object.spec.?strategy.?canary.?trafficRouting.orValue({}))",
        "plugins": "variables.traffic.?plugins.orValue({}).map(p, string(p))",
    },
    rules=(*_POD_RULES, _STATED_AMOUNTS, _TRAFFIC),
)
"""The same for what is about to make pods: who applies it is told at once, and not by pods that never come."""

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
            f" != {_text(_GATEWAY_REFERENCE)}).map(p, {_REFERENCE})",
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
                "object.kind == 'ScaledObject' && variables.target.?kind.orValue('Deployment') != 'Rollout'"
                " ? [string(variables.target.?kind.orValue('Deployment')) + ' '"
                " + string(variables.target.?name.orValue(''))] : []",
                what="target that is no Rollout",
                effect="replicas would be counted by two controllers, or past the tenant's plan",
                remedy="scale a Rollout of the same namespace",
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
                f"variables.triggers.filter(t, !(string(t.type) in {_texts(_TRIGGERS)})).map(t, string(t.type))"
                " + variables.triggers.filter(t, string(t.type) == 'prometheus'"
                f" && string(t.metadata.?serverAddress.orValue('')) != {_text(prometheus_url)})"
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
                f" || string(p.prometheus.?address.orValue('')) != {_text(prometheus_url)})"
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
            f"variables.labels[?{_text(TagKey.TENANT.label)}].orValue('') == object.metadata.name ? []"
            f" : [variables.labels[?{_text(TagKey.TENANT.label)}].orValue('none')]",
            what=f"label {TagKey.TENANT.label} does not name the tenant",
            effect="its routes would be refused by the gateway and its costs charged to somebody else",
            remedy="set the label to the name of the namespace",
        ),
    ),
    asks_facts=False,
)
"""The labels that hold a tenant's namespace to its rules."""


def policies(prometheus_url: str) -> tuple[Policy, ...]:
    """All policies.

    Args:
        prometheus_url: The one place that controllers ask for metrics.
    """
    return (PODS, ROLLOUTS, ROUTES, SERVICES, scaling(prometheus_url), analyses(prometheus_url), NAMESPACES)
