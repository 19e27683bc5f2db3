"""The edge: what is brought to it from outside, by reference."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from serving.blueprint.environment.scalars import AwsRegion
from serving.blueprint.schema.base import Section

# botocore 1.44.5, acm, Arn; wafv2, ResourceArn: as narrow as the two kinds of ARN are
CertificateArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+$", max_length=2_048)
]
WebAclArn = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\d{12}:regional/webacl/[\w-]+/[0-9a-f-]{36}$", max_length=2_048
    ),
]


class Edge(Section):
    """What the organisation has already; the stack makes what is not named here."""

    certificate_arns: dict[AwsRegion, tuple[CertificateArn, ...]] = Field(
        default_factory=dict,
        description="Region -> certificates for all hosts and regional hosts, the default one first; for every "
        "region that serves, or for none.",
    )
    web_acl_arns: dict[AwsRegion, WebAclArn] = Field(
        default_factory=dict, description="Region -> web ACL that stands before its load balancer instead of ours."
    )
