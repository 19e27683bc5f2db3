"""Rule `ami-provenance`: machines start from images of known makers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from pydantic import Field

from policies.registries import by_region
from policies.rule import (
    Kind,
    Level,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Severity,
    Topic,
    Violation,
    judge_each,
)
from policies.tokens import EC2_INSTANCE, EC2_NODE_CLASS, LAUNCH_TEMPLATE, NODE_GROUP
from policies.views import Node, Resource
from serving.blueprint.vocabulary import EnvironmentKind

LAUNCH_CONFIGURATION: Final = "aws:ec2/launchConfiguration:LaunchConfiguration"
ALLOWED_IMAGES: Final = "aws:ec2/allowedImagesSettings:AllowedImagesSettings"

_IMAGE_BUILDER: Final = "aws:imagebuilder/"
_PARAMETER_OF_AWS: Final = re.compile(r"^resolve:ssm:/aws/service/[A-Za-z0-9/._-]+(:\d+)?$", re.ASCII)
_ALIAS: Final = re.compile(r"^(?P<family>[a-z0-9]+)@(?P<version>v?\d[A-Za-z0-9.-]*)$", re.ASCII)


class Images(Parameters):
    """Parameters."""

    node_image_types: tuple[str, ...] = Field(
        default=("AL2023_", "BOTTLEROCKET_", "CUSTOM"),
        min_length=1,
        description="Beginnings of amiType of node groups; with CUSTOM the launch template is judged.",
    )
    families: tuple[str, ...] = Field(
        default=("al2023", "bottlerocket"), min_length=1, description="Families of images that Karpenter may start."
    )
    owners: tuple[str, ...] = Field(
        default=("amazon", "self"), description="Accounts and aliases whose images may be started."
    )
    images: tuple[str, ...] = Field(default=(), description="Ids of single images that may be started.")


def check(resource: Resource, parameters: Images) -> Outcomes:
    """Judge what a machine starts from, or which images the account allows."""
    yield from _JUDGES[resource.token](resource, parameters)


def _judge_node_group(group: Resource, parameters: Images) -> Iterator[Outcome]:
    node = group["amiType"]
    if not node.missing and not (node.text() or "").startswith(parameters.node_image_types):
        yield Violation(f"{node.place} is {node.shown}")


def _judge_image(key: str, resource: Resource, parameters: Images) -> Iterator[Outcome]:
    node = resource[key]
    if node.missing:
        return  # whoever starts the machine picks it
    if node.unknown and any(source.token.startswith(_IMAGE_BUILDER) for source in resource.sources(node)):
        return
    text = node.text() or ""
    if _PARAMETER_OF_AWS.match(text) or text in parameters.images or _is_restricted(resource):
        return
    yield Violation(f"{node.place} is {node.shown}, and nothing says who made it")


def _is_restricted(resource: Resource) -> bool:
    """Whether the account starts images of allowed makers only, in the region of the machine."""
    settings = by_region(resource.stack, ALLOWED_IMAGES).near(resource)
    return any(one["state"].text() == "enabled" for one in settings)


def _judge_node_class(node_class: Resource, parameters: Images) -> Outcomes:
    terms = node_class.at("spec", "amiSelectorTerms")
    found = terms.items()
    if not found:
        yield Violation(f"{terms.place} is missing")
    yield from judge_each(found, lambda term: _judge_term(term, parameters))


def _judge_term(term: Node, parameters: Images) -> Iterator[Outcome]:
    """Judge one way in which Karpenter finds images; without an owner it takes those of `self` and `amazon`."""
    alias, image, owner = term["alias"], term["id"], term["owner"]
    if not alias.missing:
        match = _ALIAS.match(alias.text() or "")
        if match is None or match["family"] not in parameters.families:
            yield Violation(f"{alias.place} is {alias.shown}, which is no pinned release of an allowed family")
    elif not image.missing:
        if image.text() not in parameters.images:
            yield Violation(f"{image.place} is {image.shown}, and nothing says who made it")
    elif not owner.missing and owner.text() not in parameters.owners:
        yield Violation(f"{owner.place} is {owner.shown}")


def _judge_settings(settings: Resource, parameters: Images) -> Outcomes:
    state, criteria = settings["state"], settings["imageCriterions"]
    if state.text() != "enabled":
        yield Violation(f"{state.place} is {'missing' if state.missing else state.shown}")
    found = criteria.items()
    if not found:
        yield Violation(f"{criteria.place} is missing, so that any image is allowed")
    yield from judge_each(found, lambda criterion: _judge_criterion(criterion, parameters))


def _judge_criterion(criterion: Node, parameters: Images) -> Outcomes:
    providers = criterion["imageProviders"].items()
    if not providers:
        yield Violation(f"{criterion['imageProviders'].place} is missing, so that anybody's image is allowed")
    yield from judge_each(providers, lambda provider: _judge_provider(provider, parameters))


def _judge_provider(provider: Node, parameters: Images) -> Iterator[Outcome]:
    text = provider.text() or ""
    if text not in parameters.owners and not (text.isascii() and text.isdigit()):
        yield Violation(f"{provider.place} is {provider.shown}")


_JUDGES: Final[Mapping[str, Callable[[Resource, Images], Outcomes]]] = {
    NODE_GROUP: _judge_node_group,
    LAUNCH_TEMPLATE: partial(_judge_image, "imageId"),
    LAUNCH_CONFIGURATION: partial(_judge_image, "imageId"),
    EC2_INSTANCE: partial(_judge_image, "ami"),
    EC2_NODE_CLASS: _judge_node_class,
    ALLOWED_IMAGES: _judge_settings,
}

RULE = Rule(
    id="ami-provenance",
    title="Machines start from images whose maker is known",
    description=(
        "Node groups use images of Amazon Linux 2023 or Bottlerocket; Karpenter's node classes a pinned release of "
        "them, or images of allowed owners. Launch templates, launch configurations and instances name an image by a "
        "public parameter of AWS (resolve:ssm:/aws/service/...), take it from Image Builder in the same stack, or run "
        "where AllowedImagesSettings is enabled in their region, which itself names allowed makers only."
    ),
    effect="a machine image that somebody published under a familiar name runs with the node's rights",
    remedy="use amiType, a public parameter of AWS or Image Builder; or enable AllowedImagesSettings in the region",
    topic=Topic.SUPPLY_CHAIN,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=tuple(_JUDGES),
    parameters=Images,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
