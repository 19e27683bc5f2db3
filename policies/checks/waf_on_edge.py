"""Rule `waf-on-edge`: what faces the internet is behind a web application firewall."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from pydantic import Field

from policies.frameworks import ELB_16
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import API_STAGE, DISTRIBUTION, INGRESS, LOAD_BALANCER, WEB_ACL, WEB_ACL_LOGGING
from policies.views import Node, Resource
from serving.blueprint.vocabulary import EnvironmentKind

ASSOCIATION: Final = "aws:wafv2/webAclAssociation:WebAclAssociation"
WEB_ACL_RULE: Final = "aws:wafv2/webAclRule:WebAclRule"
REST_API: Final = "aws:apigateway/restApi:RestApi"
GRAPHQL: Final = "aws:appsync/graphQLApi:GraphQLApi"
_SCHEME: Final = "alb.ingress.kubernetes.io/scheme"
_INGRESS_ACL: Final = "alb.ingress.kubernetes.io/wafv2-acl-arn"
# Groups that AWS maintains and that limit sizes; AWS WAF developer guide, "Baseline rule groups", read 2026-11
_SIZING_GROUPS: Final = ("AWSManagedRulesCommonRuleSet",)


class Firewall(Parameters):
    """Parameters."""

    rate_rule_required: bool = Field(default=True, description="Whether a rule must limit how often one client asks.")
    size_rule_required: bool = Field(default=True, description="Whether a rule must limit how large a request is.")
    logging_required: bool = Field(default=True, description="Whether the firewall must log.")


def check(resource: Resource, parameters: Firewall) -> Outcomes:
    """Judge one resource that the internet can reach, by the firewall before it."""
    if resource.token == INGRESS:
        yield from _judge_ingress(resource)
    elif resource.token == DISTRIBUTION:
        yield from _judge_reference(resource.stack, resource, "webAclId", parameters)
    elif _is_public(resource):
        yield from _judge_association(resource.stack, resource, parameters)


def _is_public(resource: Resource) -> bool:
    if resource.token == LOAD_BALANCER:
        kind = resource["loadBalancerType"].text() or "application"
        return kind == "application" and not resource["internal"].truth()
    if resource.token == GRAPHQL:
        return resource["visibility"].text() != "PRIVATE"
    apis = [source for source in resource.sources(resource["restApi"]) if source.token == REST_API]
    kinds = {kind.text() for api in apis for kind in _endpoint_types(api)}
    return "PRIVATE" not in kinds


def _endpoint_types(api: Resource) -> Iterator[Node]:
    types = api.at("endpointConfiguration", "types")
    yield from types.items() if isinstance(types.raw, list) else (types,)


def _judge_ingress(ingress: Resource) -> Iterator[Outcome]:
    annotations = ingress.at("metadata", "annotations").entries()
    if _SCHEME not in annotations or annotations[_SCHEME].text() != "internet-facing":
        return
    if _INGRESS_ACL not in annotations or (
        not annotations[_INGRESS_ACL].unknown and not annotations[_INGRESS_ACL].text()
    ):
        yield Violation(f"annotation {_INGRESS_ACL} is missing")


def _judge_association(stack: Stack, resource: Resource, parameters: Firewall) -> Iterator[Outcome]:
    association = stack.companions(resource, ASSOCIATION, "resourceArn").one_or_doubt()
    if association is None:
        yield Violation("no WebAclAssociation puts a firewall before it")
        return
    yield from _judge_reference(stack, association, "webAclArn", parameters)


def _judge_reference(stack: Stack, holder: Resource, key: str, parameters: Firewall) -> Iterator[Outcome]:
    """A firewall of another stack, which is named by its ARN, is judged there."""
    node = holder[key]
    lists = [source for source in holder.sources(node) if source.token == WEB_ACL]
    if not lists and not node.text():
        yield Violation(f"{node.place} is missing", holder.urn)
    yield from judge_each(lists[:1], partial(_judge_list, stack, parameters))


def _judge_list(stack: Stack, parameters: Firewall, firewall: Resource) -> Iterator[Outcome]:
    aspects: tuple[tuple[bool, Callable[[Stack, Resource], Outcomes]], ...] = (
        (parameters.rate_rule_required, _judge_rate),
        (parameters.size_rule_required, _judge_size),
        (parameters.logging_required, _judge_logging),
    )
    yield from judge_each((aspect for wanted, aspect in aspects if wanted), lambda aspect: aspect(stack, firewall))


def _judge_rate(stack: Stack, firewall: Resource) -> Iterator[Outcome]:
    if not any(_blocks(rule) and _holds(rule["statement"], _limits_rate) for rule in _rules(stack, firewall)):
        yield Violation("no rule blocks who asks too often (rateBasedStatement)", firewall.urn)


def _judge_size(stack: Stack, firewall: Resource) -> Iterator[Outcome]:
    if not any(_blocks(rule) and _holds(rule["statement"], _limits_size) for rule in _rules(stack, firewall)):
        yield Violation("no rule blocks requests that are too large (sizeConstraintStatement)", firewall.urn)


def _judge_logging(stack: Stack, firewall: Resource) -> Iterator[Outcome]:
    if stack.companions(firewall, WEB_ACL_LOGGING, "resourceArn").one_or_doubt() is None:
        yield Violation("the firewall has no logging configuration", firewall.urn)


def _rules(stack: Stack, firewall: Resource) -> tuple[Node, ...]:
    """Rules of a firewall: its own, those of its JSON form, and those that are resources of their own."""
    text = firewall["ruleJson"]
    own = firewall["rules"].items() if text.missing else tuple(_plain(rule) for rule in text.document().items())
    apart = stack.companions(firewall, WEB_ACL_RULE, "webAclArn").bound
    return (*own, *(rule.properties for rule in apart))


def _plain(node: Node) -> Node:
    """A rule of the JSON form, whose keys begin with a capital, as the provider would write it."""
    return Node(_lowered(node.raw), node.path, node.urn, node.secret)


def _lowered(raw: object) -> object:
    if isinstance(raw, dict):
        return {f"{key[:1].lower()}{key[1:]}": _lowered(child) for key, child in raw.items()}
    return [_lowered(child) for child in raw] if isinstance(raw, list) else raw


def _blocks(rule: Node) -> bool:
    """Whether a rule does more than count."""
    return rule["action"]["count"].missing and rule["overrideAction"]["count"].missing


def _holds(statement: Node, wanted: Callable[[Node], bool]) -> bool:
    """Whether a statement is, or is put together from, one of a kind. It need not be looked for below a negation."""
    if wanted(statement):
        return True
    parts = (part for key in ("andStatement", "orStatement") for part in statement[key]["statements"].items())
    return any(_holds(part, wanted) for part in parts)


def _limits_rate(statement: Node) -> bool:
    return "rateBasedStatement" in statement.entries()


def _limits_size(statement: Node) -> bool:
    group = statement["managedRuleGroupStatement"]["name"]
    return "sizeConstraintStatement" in statement.entries() or group.text() in _SIZING_GROUPS


RULE = Rule(
    id="waf-on-edge",
    title="What faces the internet is behind a firewall that limits rate and size, and logs",
    description=(
        "Each internet-facing application load balancer, stage of a REST API, GraphQL API and distribution has a web "
        "ACL; one of the stack has a rule that blocks by rate, one that limits sizes (or AWS's common rule set), and a "
        "logging configuration. An Ingress that makes an internet-facing load balancer names a web ACL. Network load "
        "balancers can have none."
    ),
    effect="one caller can take all capacity, and nobody sees who attacks",
    remedy=(
        "add a WebAcl with a rateBasedStatement and a sizeConstraintStatement, a WebAclAssociation and a "
        "WebAclLoggingConfiguration"
    ),
    topic=Topic.NETWORK,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(LOAD_BALANCER, API_STAGE, GRAPHQL, DISTRIBUTION, INGRESS),
    parameters=Firewall,
    check=check,
    frameworks=(ELB_16,),
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
