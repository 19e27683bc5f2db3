"""One thing that is wrong with one resource, and how values are walked to find it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from serving.preview.plan import Plan, PlanResource
from serving.preview.recording import Kind
from serving.preview.values import PlanValue, is_marker


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where."""

    resource: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.resource} {self.path}: {self.message}"


def problem(resource: PlanResource, path: str, message: str) -> Problem:
    """A problem of a resource."""
    return Problem(f"{short(resource.type)} {resource.name}", path, message)


def short(type_token: str) -> str:
    """`s3.Bucket` of `aws:s3/bucket:Bucket`."""
    _, module, name = type_token.split(":")
    return f"{module.partition('/')[0]}.{name}"


def of_aws(plan: Plan) -> Iterator[PlanResource]:
    """The resources that the AWS provider would create."""
    for resource in plan.resources:
        if resource.kind is Kind.CUSTOM and resource.type.startswith("aws:"):
            yield resource


def texts_of(value: PlanValue, path: str = "") -> Iterator[tuple[str, str]]:
    """All texts in a value, with their paths."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping) and not is_marker(value):
        for key, item in value.items():
            yield from texts_of(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts_of(item, f"{path}[{index}]")
