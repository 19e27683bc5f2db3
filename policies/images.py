"""Container images: who runs one, and what its name says.

Owns where images are named in workloads, functions, SageMaker models and ECS tasks, and how a name is taken
apart. It judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from policies.tokens import FUNCTION, WORKLOADS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, containers, pod_templates

SAGEMAKER_MODEL: Final = "aws:sagemaker/model:Model"
TASK_DEFINITION: Final = "aws:ecs/taskDefinition:TaskDefinition"
IMAGE_USERS: Final = (*WORKLOADS, FUNCTION, SAGEMAKER_MODEL, TASK_DEFINITION)
"""Everything that runs an image."""

_DOCKER_HUB: Final = "docker.io"
# Host of a private ECR registry, also with FIPS and dual-stack endpoints, in the partitions that are open to everybody:
# awslabs/amazon-ecr-credential-helper (2026-07-21), `ecrPattern` and its test; "Making requests to Amazon ECR
# registries", Amazon ECR user guide; suffixes: botocore 1.44.8, partitions.json; all read 2026-11-26.
_ECR_HOST: Final = re.compile(
    r"^(?P<account>\d{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z]{2,4}(-[a-z]+)+-\d)"
    r"\.(amazonaws\.(com|com\.cn|eu)|on\.(aws|amazonwebservices\.com\.cn))$",
    re.ASCII,
)


class EcrRegistry(NamedTuple):
    """A private registry of Amazon ECR: there is one an account and region."""

    account: str
    region: str


def images(resource: Resource) -> Iterator[Node]:
    """The name of every image that it runs; a missing one where there must be one."""
    if resource.token == FUNCTION:
        if resource["packageType"].text() == "Image":
            yield resource["imageUri"]
    elif resource.token == SAGEMAKER_MODEL:
        yield from _sagemaker_images(resource)
    elif resource.token == TASK_DEFINITION:
        for container in resource["containerDefinitions"].document().items():
            yield container["image"]
    elif not borrows_pods(resource):
        for template in pod_templates(resource):
            for container in containers(template):
                yield container["image"]


def _sagemaker_images(model: Resource) -> Iterator[Node]:
    """Images of a model; a container that comes from a model package names none."""
    primary = model["primaryContainer"]
    for container in (*(() if primary.missing else (primary,)), *model["containers"].items()):
        if container["modelPackageName"].missing or not container["image"].missing:
            yield container["image"]


def host_of(image: str) -> str:
    """Host of the registry; Docker Hub where the name states none, as for every container runtime."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else _DOCKER_HUB


def ecr_registry(host: str) -> EcrRegistry | None:
    """The private ECR registry of that host; None for any other host."""
    match = _ECR_HOST.match(host)
    return EcrRegistry(match["account"], match["region"]) if match else None


def repository_of(image: str) -> str:
    """Host and repository, without tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
