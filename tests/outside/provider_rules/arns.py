"""Whether what looks like an ARN, or has to be one, is one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

import botocore.session

from serving.preview.plan import Plan
from tests.outside.provider_rules.problem import Problem, of_aws, problem, texts_of

_ARN = re.compile(
    r"arn:(?P<partition>aws|aws-cn|aws-us-gov|\*):(?P<service>[a-z0-9-]+|\*):(?P<region>[a-z0-9-]*|\*)"
    r":(?P<account>\d{12}|aws|aws-managed|cloudfront|\*|):(?P<resource>[^\s]+)"
)
# Services that botocore knows by another name than their ARNs (AWS, Service Authorization Reference, read 2026-11).
_SERVICES = frozenset(
    {
        "airflow",
        "aps",
        "arc-region-switch",
        "cassandra",
        "catalog",
        "dataprotection",
        "elasticloadbalancing",
        "events",
        "logs",
        "monitoring",
        "resource-groups",
        "servicecatalog",
        "states",
    }
)
# Arguments that are called ARNs and take more than ARNs.
_ALSO = frozenset({"*", ""})
_POLICY_VARIABLE = re.compile(r"\$\{[^}]*\}")


def malformed(plan: Plan) -> Iterator[Problem]:
    """ARNs that no AWS service would read."""
    for resource in of_aws(plan):
        for path, text in texts_of(dict(resource.inputs)):
            for arn in _arns(path, text):
                if message := _wrong(arn):
                    yield problem(resource, path, message)


def _arns(path: str, text: str) -> Iterator[str]:
    """The ARNs in a text: the text itself, or those in the JSON that it is."""
    if text[:1] in {"{", "["}:
        try:
            document = json.loads(text)
        except json.JSONDecodeError:
            return
        yield from (inner for _, inner in texts_of(document) if inner.startswith("arn:"))
    elif text.startswith("arn:") or (re.search(r"Arns?(\[\d+\])?$", path) and text not in _ALSO):
        yield text


def _wrong(arn: str) -> str:
    found = _ARN.fullmatch(_POLICY_VARIABLE.sub("x", arn))
    if found is None:
        return f"{arn!r} is no ARN"
    service, region = found["service"], found["region"].rstrip("*")
    if service not in _services() | {"*"}:
        return f"{arn!r} names the service {service!r}, which does not exist"
    if region and not any(known.startswith(region) for known in _regions()):
        return f"{arn!r} names the region {region!r}, which does not exist"
    if region and service in {"iam", "s3", "route53", "cloudfront"} and not arn.startswith("arn:aws:s3:::"):
        return f"{arn!r} names a region, and {service} has none"
    return ""


@cache
def _services() -> frozenset[str]:
    session = botocore.session.get_session()
    return frozenset(session.get_available_services()) | _SERVICES


@cache
def _regions() -> frozenset[str]:
    session = botocore.session.get_session()
    return frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition)
    )
