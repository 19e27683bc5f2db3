"""One region's edge: what stands between the internet and the gateway of the region's cluster.

Owns load balancer, listeners, security group and web application firewall. Certificates come from
`Certificates`, names from `GlobalRouting`; the gateway registers its own pods in the target group. Which
service a request is for is decided by the gateway; here only hosts that exist are let through.
"""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from components.access_log_bucket import BALANCER_LOGS_PREFIX
from components.edge import GATEWAY_HEALTH_PATH
from components.hosts import regional_host
from components.log_retention import RETENTION_DAYS, log_retention_days
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion, DomainName
from serving.blueprint.environment.routing import GATEWAY_CHECK_FAILURES, GATEWAY_CHECK_INTERVAL_SECONDS
from serving.blueprint.schema.base import Section
from serving.blueprint.tags import EDGE_PUBLIC, TagKey

# Elastic Load Balancing user guide, "Security policies for your Application Load Balancer", read 2026-11: TLS 1.3
# and 1.2 with forward secrecy, and post-quantum key agreement where the client offers it; the console's default.
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

WEB_PORT, PLAIN_PORT = 443, 80
HOSTS_PER_RULE = 4
"""A listener rule holds five condition values (Elastic Load Balancing user guide, "Quotas for your Application
Load Balancers", read 2026-11); one is left over so that a host and its regional host always stand together."""

_LONGEST_HOST = 128  # characters in a listener rule (botocore 1.44.5, elbv2, HostHeaderConditionConfig)

_LOGGED_ACTIONS = ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")  # botocore 1.44.5, wafv2, ActionValue

_LARGEST_URI_BYTES = 4_096
_LARGEST_QUERY_BYTES = 4_096

RATE_WINDOW_SECONDS = 300
"""Time over which the requests of one address are counted."""

LEAST_REQUESTS_PER_IP = 2_000
"""Limit of one address where nothing is known of the traffic."""

MOST_REQUESTS_PER_IP = 2_000_000_000
"""Largest limit that AWS WAF takes (botocore 1.44.5, wafv2, RateLimit)."""

LEAST_IDLE_SECONDS, MOST_IDLE_SECONDS = 120, 4_000
"""Silence that is always allowed, and the longest (botocore 1.44.5, elbv2, LoadBalancerAttribute)."""

_MOST_DRAIN_SECONDS = 3_600  # botocore 1.44.5, elbv2, TargetGroupAttribute, deregistration_delay.timeout_seconds

# Rules of the common group that are counted, not blocking. All of them read the body, and the body of a model API
# is free text in JSON that no browser, shell or template interprets: prompts ask about HTML, about paths and
# scripts, hold links, and are larger than the 8 KB that the group allows (AWS re:Post knowledge center,
# "waf-http-request-body-inspection", read 2026-11). The same rules on headers, cookies, query and path go on
# blocking: no prompt stands there.
_COUNTED_BODY_RULES = (
    "CrossSiteScripting_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "SizeRestrictions_BODY",
)
# Callers are servers, and Route 53's health checkers are too: where they run is no reason to refuse them. Who hides
# where a request comes from is refused.
_COUNTED_ORIGINS = ("HostingProviderIPList",)

# Groups of AWS WAF managed rules, with the rules that are only counted.
_MANAGED_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AWSManagedRulesCommonRuleSet", _COUNTED_BODY_RULES),
    ("AWSManagedRulesKnownBadInputsRuleSet", ()),
    ("AWSManagedRulesAmazonIpReputationList", ()),
    ("AWSManagedRulesAnonymousIpList", _COUNTED_ORIGINS),
)


class LoadBalancerArgs(TypedDict):
    """Arguments of `LoadBalancer`.

    Attributes:
        environment: Short name of the environment.
        region: Its region.
        account_id: AWS account.
        hosts: Hosts of the region's services, without regional ones.
        max_request_bytes: Largest request of any service; the gateway enforces each service's own limit.
        gateway_port: Port of the gateway's pods.
        gateway_protocol: HTTPS or HTTP; nothing crosses the network in plain text by default.
        requests_per_ip: Most requests of one address in five minutes.
        idle_timeout_seconds: Longest silence on a connection; streams of tokens must fit.
        log_retention_days: How long the firewall's log is kept.
        tags: Ownership tags.
        certificate_arns: Validated certificates; the first is the listener's default.
        vpc_id: The region's network.
        public_subnet_ids: Subnets of the edge, at least two.
        gateway_security_group_id: Security group of the gateway; the only place that the edge may reach.
        access_log_bucket: Bucket of the region's access logs, which accepts those of load balancers.
        key_arn: Key of the firewall's log.
        web_acl_arn: Web ACL that is there already; one is made by default, with its log.
    """

    environment: str
    region: str
    account_id: str
    hosts: list[str]
    max_request_bytes: int
    gateway_port: int
    gateway_protocol: NotRequired[str]
    requests_per_ip: NotRequired[int]
    idle_timeout_seconds: NotRequired[int]
    log_retention_days: NotRequired[int]
    tags: dict[str, str]
    certificate_arns: list[pulumi.Input[str]]
    vpc_id: pulumi.Input[str]
    public_subnet_ids: list[pulumi.Input[str]]
    gateway_security_group_id: pulumi.Input[str]
    access_log_bucket: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    web_acl_arn: NotRequired[pulumi.Input[str]]


class LoadBalancerSpec(Section):
    """The plain part of `LoadBalancerArgs`."""

    environment: str = Field(min_length=1)
    region: AwsRegion
    account_id: AccountId
    hosts: tuple[DomainName, ...] = Field(min_length=1)
    max_request_bytes: int = Field(gt=0)
    gateway_port: int = Field(ge=1, le=65_535)
    gateway_protocol: str = Field(default="HTTPS", pattern="^HTTPS?$")
    # at least 10 (botocore 1.44.5, wafv2, RateLimit)
    requests_per_ip: int = Field(default=LEAST_REQUESTS_PER_IP, ge=10, le=MOST_REQUESTS_PER_IP)
    idle_timeout_seconds: int = Field(default=LEAST_IDLE_SECONDS, ge=1, le=MOST_IDLE_SECONDS)
    log_retention_days: int = Field(default=365, ge=1, le=RETENTION_DAYS[-1])
    tags: dict[str, str]

    @model_validator(mode="after")
    def _fit_a_rule(self) -> "LoadBalancerSpec":
        for host in self.hosts:
            longest = regional_host(host, self.region)
            if len(longest) > _LONGEST_HOST:
                raise ValueError(
                    f"hosts: {longest} has {len(longest)} characters; a load balancer's rule takes "
                    f"{_LONGEST_HOST}; choose a shorter host or domain"
                )
        return self


WIRING = frozenset(
    {
        "certificate_arns",
        "vpc_id",
        "public_subnet_ids",
        "gateway_security_group_id",
        "access_log_bucket",
        "key_arn",
        "web_acl_arn",
    }
)


class LoadBalancer(pulumi.ComponentResource):
    """An internet-facing Application Load Balancer with its firewall."""

    arn: pulumi.Output[str]
    """ARN of the load balancer."""
    arn_suffix: pulumi.Output[str]
    """Its name in metrics."""
    dns_name: pulumi.Output[str]
    """Its DNS name, for alias records."""
    zone_id: pulumi.Output[str]
    """Zone of its DNS name."""
    target_group_arn: pulumi.Output[str]
    """Target group in which the gateway registers its pods."""
    target_group_arn_suffix: pulumi.Output[str]
    """Name of the target group in metrics."""
    security_group_id: pulumi.Output[str]
    """Security group of the edge; the gateway must let it in."""
    web_acl_arn: pulumi.Output[str]
    """ARN of the web application firewall."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("LoadBalancer"), name, None, opts)
        self._spec = parse_args(LoadBalancerSpec, "LoadBalancer", name, args, WIRING)
        self._name, self._args = name, args
        security_group = self._create_security_group()
        balancer = self._create_load_balancer(security_group)
        target_group = self._create_target_group()
        listener = self._create_listeners(balancer)
        self._create_rules(listener, target_group)
        web_acl_arn = self._create_firewall(balancer)
        self.arn, self.arn_suffix = balancer.arn, balancer.arn_suffix
        self.dns_name, self.zone_id = balancer.dns_name, balancer.zone_id
        self.target_group_arn = target_group.arn
        self.target_group_arn_suffix = target_group.arn_suffix
        self.security_group_id, self.web_acl_arn = security_group.id, web_acl_arn
        self.register_outputs(
            {
                "arn": self.arn,
                "arn_suffix": self.arn_suffix,
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                "target_group_arn": self.target_group_arn,
                "target_group_arn_suffix": self.target_group_arn_suffix,
                "security_group_id": self.security_group_id,
                "web_acl_arn": self.web_acl_arn,
            }
        )

    def _create_security_group(self) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            f"{self._name}-security-group",
            region=self._spec.region,
            name=physical_name(NameRule.SECURITY_GROUP, self._spec.environment, "edge", self._spec.region),
            description="Load balancer of the model services: HTTPS from the world, only the gateway behind it",
            vpc_id=self._args["vpc_id"],
            tags=self._spec.tags | {TagKey.EDGE: EDGE_PUBLIC},
            opts=child_options(self),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-https",
            region=self._spec.region,
            security_group_id=group.id,
            description="HTTPS from the world",
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="tcp",
            from_port=WEB_PORT,
            to_port=WEB_PORT,
            tags=self._spec.tags,
            opts=child_options(self),
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-to-gateway",
            region=self._spec.region,
            security_group_id=group.id,
            description="Requests and health checks to the gateway, nowhere else",
            referenced_security_group_id=self._args["gateway_security_group_id"],
            ip_protocol="tcp",
            from_port=self._spec.gateway_port,
            to_port=self._spec.gateway_port,
            tags=self._spec.tags,
            opts=child_options(self),
        )
        return group

    def _create_load_balancer(self, security_group: aws.ec2.SecurityGroup) -> aws.lb.LoadBalancer:
        bucket = self._args["access_log_bucket"]
        return aws.lb.LoadBalancer(
            f"{self._name}-load-balancer",
            region=self._spec.region,
            name=physical_name(NameRule.LOAD_BALANCER, self._spec.environment, "edge"),
            load_balancer_type="application",
            internal=False,
            ip_address_type="ipv4",
            security_groups=[security_group.id],
            subnets=self._args["public_subnet_ids"],
            access_logs={"bucket": bucket, "prefix": f"{BALANCER_LOGS_PREFIX}access", "enabled": True},
            connection_logs={"bucket": bucket, "prefix": f"{BALANCER_LOGS_PREFIX}connection", "enabled": True},
            drop_invalid_header_fields=True,
            desync_mitigation_mode="strictest",
            xff_header_processing_mode="append",
            preserve_host_header=True,
            idle_timeout=self._spec.idle_timeout_seconds,
            enable_deletion_protection=True,
            enable_zonal_shift=True,
            enable_waf_fail_open=False,
            tags=self._spec.tags,
            opts=child_options(self, stateful=True),
        )

    def _create_target_group(self) -> aws.lb.TargetGroup:
        return aws.lb.TargetGroup(
            f"{self._name}-gateway",
            region=self._spec.region,
            name=physical_name(NameRule.TARGET_GROUP, self._spec.environment, "gateway"),
            target_type="ip",
            vpc_id=self._args["vpc_id"],
            port=self._spec.gateway_port,
            protocol=self._spec.gateway_protocol,
            protocol_version="HTTP1",
            # a stream of tokens may go on while its gateway is being replaced
            deregistration_delay=min(self._spec.idle_timeout_seconds, _MOST_DRAIN_SECONDS),
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check={
                "enabled": True,
                "path": GATEWAY_HEALTH_PATH,
                "port": "traffic-port",
                "protocol": self._spec.gateway_protocol,
                "matcher": "200",
                "interval": GATEWAY_CHECK_INTERVAL_SECONDS,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": GATEWAY_CHECK_FAILURES,
            },
            tags=self._spec.tags,
            opts=child_options(self),
        )

    def _create_listeners(self, balancer: aws.lb.LoadBalancer) -> aws.lb.Listener:
        default, *others = self._args["certificate_arns"]
        listener = aws.lb.Listener(
            f"{self._name}-listener",
            region=self._spec.region,
            load_balancer_arn=balancer.arn,
            port=WEB_PORT,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=default,
            default_actions=[
                {
                    "type": "fixed-response",
                    "fixed_response": {
                        "content_type": "text/plain",
                        "status_code": "404",
                        "message_body": "no such host",
                    },
                }
            ],
            routing_http_response_server_enabled=False,
            routing_http_response_strict_transport_security_header_value="max-age=31536000; includeSubDomains",
            tags=self._spec.tags,
            opts=child_options(self),
        )
        for index, certificate_arn in enumerate(others, start=1):
            aws.lb.ListenerCertificate(
                f"{self._name}-certificate-{index}",
                region=self._spec.region,
                listener_arn=listener.arn,
                certificate_arn=certificate_arn,
                opts=child_options(self),
            )
        self._create_redirect(balancer)
        return listener

    def _create_redirect(self, balancer: aws.lb.LoadBalancer) -> None:
        """Plain HTTP is told where HTTPS is; the security group lets it in from nowhere unless opened."""
        aws.lb.Listener(
            f"{self._name}-redirect",
            region=self._spec.region,
            load_balancer_arn=balancer.arn,
            port=PLAIN_PORT,
            protocol="HTTP",
            default_actions=[
                {
                    "type": "redirect",
                    "redirect": {"port": str(WEB_PORT), "protocol": "HTTPS", "status_code": "HTTP_301"},
                }
            ],
            tags=self._spec.tags,
            opts=child_options(self),
        )

    def _create_rules(self, listener: aws.lb.Listener, target_group: aws.lb.TargetGroup) -> None:
        """Hosts that exist go to the gateway."""
        for index, hosts in enumerate(_host_groups(self._spec.hosts, self._spec.region)):
            aws.lb.ListenerRule(
                f"{self._name}-hosts-{index}",
                region=self._spec.region,
                listener_arn=listener.arn,
                priority=100 + index,
                conditions=[{"host_header": {"values": hosts}}],
                actions=[{"type": "forward", "target_group_arn": target_group.arn}],
                tags=self._spec.tags,
                opts=child_options(self),
            )

    def _create_firewall(self, balancer: aws.lb.LoadBalancer) -> pulumi.Output[str]:
        """The web ACL before the load balancer: ours, with its log, or the one that was brought."""
        given = self._args.get("web_acl_arn")
        web_acl_arn = self._create_web_acl().arn if given is None else pulumi.Output.from_input(given)
        aws.wafv2.WebAclAssociation(
            f"{self._name}-firewall-association",
            region=self._spec.region,
            resource_arn=balancer.arn,
            web_acl_arn=web_acl_arn,
            opts=child_options(self),
        )
        return web_acl_arn

    def _create_web_acl(self) -> aws.wafv2.WebAcl:
        web_acl = aws.wafv2.WebAcl(
            f"{self._name}-firewall",
            region=self._spec.region,
            name=physical_name(NameRule.WEB_ACL, self._spec.environment, "edge"),
            description="Edge of the model services",
            scope="REGIONAL",
            default_action={"allow": {}},
            rules=_firewall_rules(self._spec),
            visibility_config=_visibility("edge"),
            tags=self._spec.tags,
            opts=child_options(self),
        )
        self._create_firewall_log(web_acl)
        return web_acl

    def _create_firewall_log(self, web_acl: aws.wafv2.WebAcl) -> None:
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-firewall-log",
            region=self._spec.region,
            # AWS WAF only writes to log groups with this prefix (botocore 1.44.5, wafv2, LoggingConfiguration)
            name=physical_name(NameRule.LOG_GROUP, "aws-waf-logs", self._spec.environment, "edge"),
            retention_in_days=log_retention_days(self._spec.log_retention_days),
            kms_key_id=self._args["key_arn"],
            tags=self._spec.tags,
            opts=child_options(self, stateful=True),
        )
        aws.wafv2.WebAclLoggingConfiguration(
            f"{self._name}-firewall-logging",
            region=self._spec.region,
            resource_arn=web_acl.arn,
            log_destination_configs=[group.arn],
            # who was let through stands in the access log; here is what a rule had something to say about
            logging_filter={
                "default_behavior": "DROP",
                "filters": [
                    {
                        "behavior": "KEEP",
                        "requirement": "MEETS_ANY",
                        "conditions": [{"action_condition": {"action": action}} for action in _LOGGED_ACTIONS],
                    }
                ],
            },
            redacted_fields=[
                {"single_header": {"name": header}} for header in ("authorization", "cookie", "x-api-key")
            ],
            opts=child_options(self),
        )


def _host_groups(hosts: Sequence[str], region: str) -> list[list[str]]:
    """Hosts and regional hosts, in groups that fit into one rule."""
    names = [name for host in sorted(hosts) for name in (host, regional_host(host, region))]
    return [names[start : start + HOSTS_PER_RULE] for start in range(0, len(names), HOSTS_PER_RULE)]


def _firewall_rules(spec: LoadBalancerSpec) -> "list[aws.wafv2.WebAclRuleArgsDict]":
    own: list[tuple[str, aws.wafv2.WebAclRuleStatementArgsDict]] = [
        ("rate", {"rate_based_statement": _rate(spec)}),
        ("size", {"or_statement": {"statements": _sizes(spec)}}),
    ]
    blocking: list[aws.wafv2.WebAclRuleArgsDict] = [
        {
            "name": name,
            "priority": priority,
            "action": {"block": {}},
            "statement": statement,
            "visibility_config": _visibility(name),
        }
        for priority, (name, statement) in enumerate(own)
    ]
    managed = [_managed_group(len(own) + index, name, counted) for index, (name, counted) in enumerate(_MANAGED_GROUPS)]
    return [*blocking, *managed]


def _rate(spec: LoadBalancerSpec) -> "aws.wafv2.WebAclRuleStatementRateBasedStatementArgsDict":
    return {
        "limit": spec.requests_per_ip,
        "aggregate_key_type": "IP",
        "evaluation_window_sec": RATE_WINDOW_SECONDS,
    }


def _sizes(spec: LoadBalancerSpec) -> "list[aws.wafv2.WebAclRuleStatementArgsDict]":
    """What is too large before anybody reads it.

    The firewall sees only the first 8 KB of a body behind a load balancer (botocore 1.44.5, wafv2, Body), so a
    body's size is judged by the number of digits of its announced length: ten times the limit or more. The exact
    limit of each service is the gateway's.
    """
    measured: tuple[tuple[Any, int], ...] = (
        ({"uri_path": {}}, _LARGEST_URI_BYTES),
        ({"query_string": {}}, _LARGEST_QUERY_BYTES),
        ({"single_header": {"name": "content-length"}}, len(str(spec.max_request_bytes))),
    )
    return [
        {
            "size_constraint_statement": {
                "field_to_match": field,
                "comparison_operator": "GT",
                "size": size,
                "text_transformations": [{"priority": 0, "type": "NONE"}],
            }
        }
        for field, size in measured
    ]


def _managed_group(priority: int, name: str, counted: Sequence[str]) -> "aws.wafv2.WebAclRuleArgsDict":
    return {
        "name": name,
        "priority": priority,
        "override_action": {"none": {}},
        "statement": {
            "managed_rule_group_statement": {
                "vendor_name": "AWS",
                "name": name,
                "rule_action_overrides": [{"name": rule, "action_to_use": {"count": {}}} for rule in counted],
            }
        },
        "visibility_config": _visibility(name),
    }


def _visibility(metric: str) -> Any:  # noqa: ANN401  (the same shape has a type of its own at each place)
    return {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True, "metric_name": metric}
