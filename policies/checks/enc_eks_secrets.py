"""Rule `enc-eks-secrets`: Kubernetes secrets are encrypted with a key of our own."""

from __future__ import annotations

from policies.frameworks import EKS_3
from policies.keys import key_problem
from policies.rule import Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tokens import EKS_CLUSTER
from policies.views import Resource


def check(cluster: Resource, parameters: Parameters) -> Outcomes:
    """Judge one cluster."""
    configuration = cluster["encryptionConfig"]
    if "secrets" not in {resource.text() for resource in configuration["resources"].items()}:
        yield Violation(f"{configuration['resources'].place} does not name secrets")
        return
    problem = key_problem(cluster, configuration.at("provider", "keyArn"))
    if problem:
        yield Violation(problem)


RULE = Rule(
    id="enc-eks-secrets",
    title="Secrets of the cluster are encrypted with a customer managed KMS key",
    description="encryptionConfig of the EKS cluster names secrets and a customer managed key.",
    effect="secrets rest in etcd under a key that nobody here controls",
    remedy="set encryptionConfig with resources ['secrets'] and provider.keyArn of a KMS key",
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(EKS_CLUSTER,),
    parameters=Parameters,
    check=check,
    frameworks=(EKS_3,),
)
