"""Rule `access-logs`: what is reached from outside keeps a record of who asked for what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from pydantic import Field

from policies.frameworks import API_GATEWAY_9, CLOUDFRONT_5, ELB_5, S3_9
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.stack import Stack
from policies.tokens import (
    BUCKET,
    BUCKET_LOGGING,
    CLASSIC_LOAD_BALANCER,
    DISTRIBUTION,
    LOAD_BALANCER,
    WEB_ACL,
    WEB_ACL_LOGGING,
)
from policies.views import Node, Resource, Undetermined
from serving.blueprint.vocabulary import EnvironmentKind

DELIVERY_SOURCE: Final = "aws:cloudwatch/logDeliverySource:LogDeliverySource"
STAGES: Final = ("aws:apigateway/stage:Stage", "aws:apigatewayv2/stage:Stage")

_APPLICATION: Final = "application"
"""The default; network load balancers log TLS connections only, gateway load balancers nothing
(Elastic Load Balancing user guides, "Access logs", read 2026-11)."""


class AccessLogs(Parameters):
    """Parameters."""

    exempt_buckets: tuple[str, ...] = Field(
        default=(),
        description="URN patterns of buckets without access log; targets of access logs are exempt anyway.",
    )


def check(resource: Resource, parameters: AccessLogs) -> Outcomes:
    """Judge one thing that answers requests."""
    if resource.token == BUCKET:
        yield from _judge_bucket(resource, parameters)
    else:
        yield from _JUDGES[resource.token](resource)


def _judge_load_balancer(balancer: Resource) -> Iterator[Outcome]:
    if balancer["loadBalancerType"].text() in (None, _APPLICATION):
        yield from _judge_elb_logs(balancer, default=False)


def _judge_elb_logs(balancer: Resource, *, default: bool) -> Iterator[Outcome]:
    logs = balancer["accessLogs"]
    stated = logs["enabled"].truth()
    if logs.missing or not (default if stated is None else stated):
        yield Violation(f"{logs['enabled'].place} is not true")
    elif not logs["bucket"].unknown and not logs["bucket"].text():
        yield Violation(f"{logs['bucket'].place} is missing")


def _judge_bucket(bucket: Resource, parameters: AccessLogs) -> Iterator[Outcome]:
    exempt = any(fnmatchcase(bucket.urn, pattern) for pattern in parameters.exempt_buckets)
    if exempt or any(not bucket[key].missing for key in ("logging", "loggings")):
        return
    targets = bucket.stack.index("access-log-targets", lambda: _log_targets(bucket.stack))
    if targets.holds(bucket):
        return
    if bucket.stack.companions(bucket, BUCKET_LOGGING, "bucket").one_or_doubt() is not None:
        return
    if targets.loose:
        raise Undetermined(targets.loose[0].path, targets.loose[0].urn)
    yield Violation("the bucket has no access log")


@dataclass(slots=True)
class _Targets:
    """Buckets that access logs are written to. `loose` are targets that are not known and lead to no bucket."""

    names: set[str] = field(default_factory=set)
    urns: set[str] = field(default_factory=set)
    loose: list[Node] = field(default_factory=list)

    def holds(self, bucket: Resource) -> bool:
        """Whether it is one of them."""
        name = bucket["bucket"]
        return bucket.urn in self.urns or (isinstance(name.raw, str) and not name.unknown and name.raw in self.names)


def _log_targets(stack: Stack) -> _Targets:
    targets = _Targets()
    stated = [(logging, logging["targetBucket"]) for logging in stack.of(BUCKET_LOGGING)]
    stated += [
        (balancer, balancer.at("accessLogs", "bucket")) for balancer in stack.of(LOAD_BALANCER, CLASSIC_LOAD_BALANCER)
    ]
    stated += [(distribution, distribution.at("loggingConfig", "bucket")) for distribution in stack.of(DISTRIBUTION)]
    for holder, node in stated:
        buckets = set(_buckets(stack, holder, node))
        targets.urns |= buckets
        if isinstance(node.raw, str) and not node.unknown:
            targets.names |= {node.raw, node.raw.partition(".s3.")[0]}  # CloudFront names the bucket's domain
        elif node.unknown and not buckets:
            targets.loose.append(node)
    return targets


def _buckets(stack: Stack, holder: Resource, node: Node) -> Iterator[str]:
    """URNs of the buckets that the value comes from, also through what configures them."""
    for source in holder.sources(node):
        yield from (source.urn,) if source.token == BUCKET else source.property_dependencies.get("bucket", ())


def _judge_companion(resource: Resource, *, token: str, key: str) -> Iterator[Outcome]:
    if resource.stack.companions(resource, token, key).one_or_doubt() is None:
        yield Violation("no logging configuration belongs to it")


def _judge_distribution(distribution: Resource) -> Iterator[Outcome]:
    if distribution["loggingConfig"].missing:
        yield from _judge_companion(distribution, token=DELIVERY_SOURCE, key="resourceArn")


def _judge_stage(stage: Resource) -> Iterator[Outcome]:
    settings = stage["accessLogSettings"]
    if settings["destinationArn"].missing:
        yield Violation(f"{settings['destinationArn'].place} is missing")
    elif settings.unknown:
        settings.entries()


_JUDGES: Final[dict[str, Callable[[Resource], Iterator[Outcome]]]] = {
    LOAD_BALANCER: _judge_load_balancer,
    CLASSIC_LOAD_BALANCER: partial(_judge_elb_logs, default=True),
    WEB_ACL: partial(_judge_companion, token=WEB_ACL_LOGGING, key="resourceArn"),
    DISTRIBUTION: _judge_distribution,
    **dict.fromkeys(STAGES, _judge_stage),
}


RULE = Rule(
    id="access-logs",
    title="Load balancers, buckets, firewalls, distributions and API stages log who reached them",
    description=(
        "Application and classic load balancers have accessLogs on; every bucket has a BucketLogging, except the "
        "buckets that access logs are written to; every web ACL has a logging configuration; every CloudFront "
        "distribution logs to a bucket or has a log delivery source; every stage of an API gateway has "
        "accessLogSettings. Network load balancers, which log TLS connections only, are not judged."
    ),
    effect="after an incident nobody knows who asked for what, and from where",
    remedy="switch the access log on; exempt a bucket by the parameter exempt_buckets where its trail is enough",
    topic=Topic.OBSERVABILITY,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(LOAD_BALANCER, CLASSIC_LOAD_BALANCER, BUCKET, WEB_ACL, DISTRIBUTION, *STAGES),
    parameters=AccessLogs,
    check=check,
    frameworks=(ELB_5, S3_9, CLOUDFRONT_5, API_GATEWAY_9),
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
