"""Rule `imds-v2-hop1`: pods cannot take the node's credentials."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from policies.frameworks import EC2_8, EC2_170
from policies.rule import Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
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
    """Judge a launch template, an instance, or the defaults of an account and region."""
    options = resource.properties if resource.token == DEFAULTS else resource["metadataOptions"]
    if options["httpEndpoint"].text() == "disabled":
        return
    if options["httpTokens"].text() != "required":
        yield Violation(f"{options['httpTokens'].place} is not required")
    hops = options["httpPutResponseHopLimit"].number()
    if hops is None or hops > parameters.maximum_hops:
        yield Violation(f"{options['httpPutResponseHopLimit'].place} is not {parameters.maximum_hops} or less")


RULE = Rule(
    id="imds-v2-hop1",
    title="Instance metadata asks for a session token and answers on the node only",
    description=(
        "Launch templates, instances and account defaults require IMDSv2 tokens and limit answers to one hop, or "
        "switch the metadata service off."
    ),
    effect="a pod, or a request forged through one, can take the credentials of its node",
    remedy="set httpTokens to required and httpPutResponseHopLimit to 1",
    topic=Topic.IDENTITY,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance", DEFAULTS),
    parameters=InstanceMetadata,
    check=check,
    frameworks=(EC2_8, EC2_170),
)
