"""Spans find the collector, and leave it without what is nobody's business."""

from __future__ import annotations

import re

from components.addons import DEFINITIONS, AddonFacts
from components.addons.opentelemetry_collector import COLLECTOR, OTLP_PORT
from components.routing import traffic_policy
from serving.blueprint.environment import Addon
from serving.planning.addons import ADDON_PODS
from tests.components.serving_samples import ACCOUNT, CLUSTER, REGION, workload

FACTS = AddonFacts(environment="test", region=REGION, account_id=ACCOUNT, cluster_name=CLUSTER, vpc_id="vpc-1")
DEFINITION = DEFINITIONS[Addon.OPENTELEMETRY_COLLECTOR]
CONFIG = DEFINITION.values(FACTS)["alternateConfig"]


def test_every_part_of_the_pipeline_is_configured_and_nothing_is_that_is_not_used() -> None:
    pipeline = CONFIG["service"]["pipelines"]["traces"]
    assert {kind: [*CONFIG[kind]] for kind in pipeline} == pipeline
    assert CONFIG["service"]["extensions"] == [*CONFIG["extensions"]]


def test_memory_is_guarded_before_anything_else_is_done() -> None:
    assert CONFIG["service"]["pipelines"]["traces"]["processors"][0] == "memory_limiter"


def test_no_span_keeps_what_stands_behind_the_question_mark() -> None:
    (statement,) = CONFIG["processors"]["transform"]["trace_statements"]
    [(pattern, replacement)] = re.findall(r'"(\[.*?)", "(.*?)"\)', statement)
    assert re.sub(pattern, replacement, "https://a.example/v1/score?name=ada") == "https://a.example/v1/score"


def test_it_listens_where_the_gateway_sends() -> None:
    grpc = CONFIG["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"]
    assert grpc.endswith(f":{OTLP_PORT}")
    assert DEFINITION.values(FACTS)["fullnameOverride"] == COLLECTOR


def test_spans_stay_in_the_region_and_handing_them_in_is_all_it_may_do() -> None:
    assert CONFIG["exporters"]["awsxray"]["region"] == REGION
    (statement,) = DEFINITION.statements(FACTS)
    assert statement.actions == ("xray:PutTraceSegments",)


def test_one_of_its_pods_can_be_lost() -> None:
    assert ADDON_PODS[Addon.OPENTELEMETRY_COLLECTOR]["collector"].replicas >= 2


def test_the_share_of_traced_requests_is_the_blueprints_to_a_ten_thousandth_of_a_percent() -> None:
    for percent, parts in ((0, 0), (0.01, 100), (10, 100_000), (100, 1_000_000)):
        sample = workload("chat", **{"observability.traces.sample_percent": percent})
        fraction = traffic_policy(sample)["spec"]["telemetry"]["tracing"]["samplingFraction"]
        assert fraction == {"numerator": parts, "denominator": 1_000_000}
