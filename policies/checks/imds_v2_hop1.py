"""Rule `imds-v2-hop1`: pods cannot take the node's credentials."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from policies.frameworks import EC2_8, EC2_170
from policies.rule import Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tokens import EC2_NODE_CLASS
from policies.views import Resource

DEFAULTS: Final = "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults"


class InstanceMetadata(Parameters):
    """Parameters."""

    maximum_hops: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Most network hops of an answer; a container is one hop further than its node.",
    )


def check(resource: Resource, parameters: InstanceMetadata) -> Outcomes:
    """Judge a launch template, an instance, a node class of Karpenter, or the defaults of an account and region."""
    node_class = resource.token == EC2_NODE_CLASS
    options = resource.at("spec", "metadataOptions") if node_class else resource["metadataOptions"]
    options = resource.properties if resource.token == DEFAULTS else options
    if options["httpEndpoint"].text() == "disabled":
        return
    tokens, hops = options["httpTokens"], options["httpPutResponseHopLimit"]
    if tokens.text() != "required" and not (node_class and tokens.missing):
        yield Violation(f"{tokens.place} is not required")
    if (hops.number() or _hops_by_default(resource)) > parameters.maximum_hops:
        yield Violation(f"{hops.place} is not {parameters.maximum_hops} or less")


def _hops_by_default(resource: Resource) -> float:
    """Karpenter asks for tokens and one hop where nothing is stated (karpenter.sh, "NodeClasses", read 2026-11)."""
    return 1.0 if resource.token == EC2_NODE_CLASS else float("inf")


RULE = Rule(
    id="imds-v2-hop1",
    title="Instance metadata asks for a session token and answers on the node only",
    description=(
        "Launch templates, instances, Karpenter's node classes and account defaults require IMDSv2 tokens and limit "
        "answers to one hop, or switch the metadata service off."
    ),
    effect="a pod, or a request forged through one, can take the credentials of its node",
    remedy="set httpTokens to required and httpPutResponseHopLimit to 1",
    topic=Topic.IDENTITY,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance", DEFAULTS, EC2_NODE_CLASS),
    parameters=InstanceMetadata,
    check=check,
    frameworks=(EC2_8, EC2_170),
)
