"""What the API server admits as pods of a tenant, and as Rollouts that make them.

Owns the rules about pods. What Pod Security (level restricted) and quotas refuse already is not refused here once
more.
"""

from typing import Final

from components.admission_policy import Fact, Policy, Rule, text, texts
from components.lineage import ANNOTATION_KEYS
from components.node_labels import ACCELERATOR_LABEL
from components.rollout import GATEWAY_PLUGIN
from serving.blueprint.tags import LINEAGE_KEYS, OWNERSHIP_KEYS, TagKey

_DEVICES: Final = "nvidia.com/"
"""Prefix of whatever the device plugin offers, and of the taint on its nodes."""


def _amount(container: str) -> str:
    """CEL: how many accelerators a container asks for. Requests of extended resources are always their limits."""
    limits = f"{container}.?resources.?limits.orValue({{}})"
    count = f"quantity(string({limits}[k])).asInteger()"
    return f"{limits}.map(k, k.startsWith({text(_DEVICES)}), {count}).sum()"


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
    "service": f"string(variables.labels[?{text(TagKey.SERVICE.label)}].orValue(''))",
    "accelerator": f"string(variables.spec.?nodeSelector.orValue({{}})[?{text(ACCELERATOR_LABEL)}].orValue(''))",
    "amount": f"variables.containers.map(c, {_amount('c')}).sum()",
}
"""What several rules about pods ask; `template` comes before it."""

_POD_RULES: Final = (
    Rule(
        "unlabelled",
        f"{texts(_REQUIRED_LABELS)}.filter(k, variables.labels[?k].orValue('') == '')"
        f" + {texts(_REQUIRED_ANNOTATIONS)}.filter(k, variables.annotations[?k].orValue('') == '')",
        what="labels or annotations of ownership and lineage are missing",
        effect="nobody could tell whose the pod is, what it costs whom and which model it serves",
        remedy="state them on the pod; a service's blueprint renders all of them",
    ),
    Rule(
        "misattributed",
        f"variables.labels[?{text(TagKey.TENANT.label)}].orValue('') == request.namespace ? []"
        f" : [string(variables.labels[?{text(TagKey.TENANT.label)}].orValue('none'))]",
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
        # whose account it is cannot be said of a service that is none
        f"!(variables.service in {Fact.SERVICES.items})"
        " || (variables.account + '-').startsWith(variables.service + '-')"
        # a service's name may begin with that of another: an account belongs to the longest that it begins with
        f" && !{Fact.SERVICES.items}.exists(s, size(s) > size(variables.service)"
        " && (variables.account + '-').startsWith(s + '-')) ? [] : [variables.account]",
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
        f"variables.containers.filter(c, {_amount('c')} > int({Fact.ACCELERATORS_PER_CONTAINER.value_text}))"
        f".map(c, string(c.name) + ' (' + string({_amount('c')}) + ')')",
        what="containers that ask for more accelerators than any service of the tenant declares",
        effect="one container would use up what the tenant's services scale on",
        remedy="ask for what the blueprint states under model.resources.accelerators, or change it there",
    ),
    Rule(
        "greedyPods",
        f"variables.amount > int({Fact.ACCELERATORS_PER_POD.value_text}) ? [string(variables.amount)] : []",
        what="pod that asks for more accelerators than any service of the tenant declares",
        effect="one pod would use up what the tenant's services scale on",
        remedy="spread the accelerators over as many pods as the blueprints declare",
    ),
    Rule(
        "sideDoors",
        # tolerations of what befalls any node (`node.kubernetes.io/...`) are given to every pod
        "(variables.amount == 0 ? variables.spec.?tolerations.orValue([]).map(t, dyn(t)).filter(t, !has(t.key)"
        f" || t.key == '' || t.key.startsWith({text(_DEVICES)})).map(t, 'tolerates nodes with accelerators') : [])"
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
    "variables.plugins.filter(p, p != " + text(GATEWAY_PLUGIN) + ").map(p, 'router ' + p)"
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
    judged=("spec", "metadata.labels", "metadata.annotations"),
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
