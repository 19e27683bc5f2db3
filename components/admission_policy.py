"""How a rule of admission becomes a ValidatingAdmissionPolicy and its binding.

Owns the form: a rule is an expression that lists what breaks it, so that whoever is refused is told what it was,
what it would have done and what to do about it. Facts of one tenant come in as parameters: a ConfigMap whose values
are lists, one item a line. The rules are `components.admission_pods` and `components.admission_rules`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from components.manifest import Manifest

API: Final = "admissionregistration.k8s.io/v1"

WATCH_NAME: Final = "serving-config-maps-watched"
"""Name of the policy, and of its binding, that keeps the API server watching for facts."""

_PARAMETERS: Final = {"apiVersion": "v1", "kind": "ConfigMap"}


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
    def value_text(self) -> str:
        """CEL: the value as it stands."""
        return f"params.data[{text(self.value)}]"

    @property
    def items(self) -> str:
        """CEL: the value's lines."""
        return f"{self.value_text}.split('\\n')"


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
            "messageExpression": f"{text(self.what + ': ')} + variables.{self.name}.join(', ') + {text(consequence)}",
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
        judged: What of an object the rules look at.
        asks_facts: Whether they need the tenant's parameters.
    """

    name: str
    group: str
    versions: tuple[str, ...]
    resources: tuple[str, ...]
    variables: Mapping[str, str]
    rules: tuple[Rule, ...]
    judged: tuple[str, ...] = ("spec",)
    asks_facts: bool = True

    @property
    def is_judged(self) -> str:
        """CEL: whether a change is judged. Of what is on its way out, only a change of what the rules look at is.

        A finalizer must always be able to let go, also of what was there before the rules. But what is being deleted
        goes on to be served until it does.
        """
        parts = [part.rpartition(".") for part in self.judged]
        values = [(f"object.{before}{dot}?{name}", f"oldObject.{before}{dot}?{name}") for before, dot, name in parts]
        changes = [f"{new} != {old}" for new, old in values]
        return " || ".join(["!has(object.metadata.deletionTimestamp)", "oldObject == null", *changes])


def policy_manifest(policy: Policy, labels: Mapping[str, str]) -> Manifest:
    """The ValidatingAdmissionPolicy. What cannot be judged is refused."""
    variables = {**policy.variables, **{rule.name: rule.broken for rule in policy.rules}}
    parameters = {"paramKind": _PARAMETERS} if policy.asks_facts else {}
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
            "matchConditions": [{"name": "judged", "expression": policy.is_judged}],
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


def watch_manifests(labels: Mapping[str, str], name: str = WATCH_NAME) -> tuple[Manifest, Manifest]:
    """A policy and its binding that match nothing and are never removed.

    When the last binding of a policy that takes ConfigMaps as parameters goes, the API server stops watching
    ConfigMaps for admission and never starts again: it stops an informer of a shared factory, which takes it for
    started (k8s.io/apiserver v0.35.4, pkg/admission/plugin/policy/generic/policy_source.go,
    `ensureParamsForPolicyLocked` and what calls it, read 2026-11). Tenants that come after that would find no facts,
    and be refused everything, until the API server is started anew. With these there is no last binding.
    """
    metadata = {"name": name, "labels": dict(labels)}
    nothing = {"matchLabels": {name: "never"}}
    secrets = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"], "operations": ["CREATE"]}
    policy = {
        "apiVersion": API,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": metadata,
        "spec": {
            "paramKind": _PARAMETERS,
            "failurePolicy": "Ignore",
            "matchConstraints": {"namespaceSelector": nothing, "resourceRules": [secrets]},
            "validations": [{"expression": "true"}],
        },
    }
    parameters = {"name": name, "namespace": "default", "parameterNotFoundAction": "Allow"}
    binding = {
        "apiVersion": API,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": metadata,
        "spec": {"policyName": name, "paramRef": parameters, "validationActions": ["Audit"]},
    }
    return policy, binding


def facts_data(facts: Mapping[Fact, Iterable[str]]) -> dict[str, str]:
    """A tenant's facts as the data of its ConfigMap."""
    return {fact.value: "\n".join(facts[fact]) for fact in Fact}


def text(value: str) -> str:
    """CEL: a text."""
    return json.dumps(value)


def texts(values: Iterable[str]) -> str:
    """CEL: a list of texts."""
    return f"[{', '.join(text(value) for value in values)}]"
