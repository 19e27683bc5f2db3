"""Rule `region-explicit`: the program says where everything is."""

from __future__ import annotations

from policies.regions import is_regional, region_node
from policies.rule import ANY_TYPE, Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tagging import is_aws
from policies.views import Resource


def check(resource: Resource, parameters: Parameters) -> Outcomes:
    """Judge where the region of an AWS resource comes from."""
    if not is_aws(resource) or not is_regional(resource.token):
        return
    region = region_node(resource)
    if region.unknown and resource.sources(region):
        return
    if not (region.text() or "").strip():
        yield Violation("neither the resource nor its provider states a region")


RULE = Rule(
    id="region-explicit",
    title="Every regional resource states its region, itself or by its provider",
    description=(
        "Every AWS resource of a type that lives in a region (one that the installed pulumi_aws package gives an "
        "argument `region`) states it, or its provider does. A provider without one takes the region of whoever "
        "runs the program: AWS_REGION, a profile, the instance."
    ),
    effect="the same program makes its resources in another region when somebody else runs it",
    remedy="set `region` of the provider (`pulumi config set aws:region` for the default one) or of the resource",
    topic=Topic.CHANGE,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(ANY_TYPE,),
    parameters=Parameters,
    check=check,
)
