"""Services: which workloads and endpoints answer with a model, and by what names they are known.

Owns the names under which dashboards, rules and alarms speak of a service. It judges nothing.
"""

from __future__ import annotations

from typing import Final

from policies.tokens import SERVERS, STATEFUL_SET
from policies.views import Resource
from policies.workloads import labels, object_name, serves_inference
from serving.blueprint.tags import TagKey

SAGEMAKER_ENDPOINT: Final = "aws:sagemaker/endpoint:Endpoint"
SERVICES: Final = (*SERVERS, STATEFUL_SET, SAGEMAKER_ENDPOINT)
"""What may be a service, or one part of one."""

_NAME_LABELS: Final = (TagKey.SERVICE.label, "app.kubernetes.io/part-of", "app.kubernetes.io/name")


def is_service(resource: Resource) -> bool:
    """Whether it answers with a model."""
    return resource.token == SAGEMAKER_ENDPOINT or serves_inference(resource)


def service_names(resource: Resource) -> tuple[str, ...]:
    """The names of its service, from the widest to that of the object itself."""
    if resource.token == SAGEMAKER_ENDPOINT:
        return (resource["name"].text() or resource.name,)
    stated = labels(resource["metadata"])
    found = [stated[key].text() for key in _NAME_LABELS if key in stated]
    return (*(name for name in found if name), object_name(resource))


def cell(resource: Resource) -> str:
    """The cluster that it runs in, or the provider that makes it; empty if not known."""
    if resource.token == SAGEMAKER_ENDPOINT:
        return resource["region"].text() or ""
    return resource.provider.urn if resource.provider else ""
