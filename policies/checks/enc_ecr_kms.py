"""Rule `enc-ecr-kms`: image repositories are encrypted with a key of our own."""

from __future__ import annotations

from typing import Final

from policies.keys import key_problem
from policies.rule import Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.views import Resource

_KMS: Final = ("KMS", "KMS_DSSE")


def check(repository: Resource, parameters: Parameters) -> Outcomes:
    """Judge a repository, or a template from which repositories are created."""
    configurations = repository["encryptionConfigurations"].items()
    if not configurations:
        yield Violation("encryptionConfigurations is missing, so images are encrypted with AES256")
    for configuration in configurations:
        if configuration["encryptionType"].text() not in _KMS:
            yield Violation(f"{configuration['encryptionType'].place} is not KMS")
            continue
        problem = key_problem(repository, configuration["kmsKey"])
        if problem:
            yield Violation(problem)


RULE = Rule(
    id="enc-ecr-kms",
    title="Image repositories are encrypted with a customer managed KMS key",
    description=("Repositories and repository creation templates use KMS or KMS_DSSE with a customer managed key."),
    effect="models and images are readable to whoever may read the registry, and no key can be withdrawn",
    remedy=(
        "set encryptionConfigurations to one entry with encryptionType KMS and kmsKey (this replaces a repository)"
    ),
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.RESOURCE,
    severity=Severity.MEDIUM,
    tokens=(
        "aws:ecr/repository:Repository",
        "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate",
    ),
    parameters=Parameters,
    check=check,
)
