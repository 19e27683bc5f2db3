"""Rule `metric-contract`: what scales, judges and alerts asks for metrics that somebody exposes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import translate
from functools import lru_cache
from typing import Final

from pydantic import Field

from policies.alerts import RULE_FILES, Entry, entries
from policies.promql import family, metrics
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.scaling import SCALED_OBJECT
from policies.stack import Stack
from policies.tokens import SCALED_JOB
from policies.views import Malformed, Node, Resource, Undetermined

ANALYSES: Final = (
    "kubernetes:argoproj.io/v1alpha1:AnalysisTemplate",
    "kubernetes:argoproj.io/v1alpha1:ClusterAnalysisTemplate",
)
_PROMETHEUS: Final = "prometheus"
_NOTHING: Final = r"(?!)"
"""Matches no name."""

_KNOWN: Final = (
    # Prometheus itself; kubelet, kube-state-metrics, node exporter (their own documentation of metrics, read 2026-11)
    *("up", "ALERTS", "ALERTS_FOR_STATE", "scrape_*", "container_*", "kubelet_*", "kube_*", "node_*", "apiserver_*"),
    # gateways and meshes
    *("envoy_*", "istio_*", "nginx_ingress_controller_*"),
    # NVIDIA DCGM exporter
    "DCGM_FI_*",
    # vLLM (docs, "Production Metrics"), by name: they have changed between versions
    *("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:num_preemptions_total"),
    *("vllm:gpu_cache_usage_perc", "vllm:kv_cache_usage_perc", "vllm:request_success_total"),
    *("vllm:prompt_tokens_total", "vllm:generation_tokens_total", "vllm:iteration_tokens_total"),
    *("vllm:time_to_first_token_seconds", "vllm:time_per_output_token_seconds", "vllm:inter_token_latency_seconds"),
    *("vllm:request_time_per_output_token_seconds", "vllm:e2e_request_latency_seconds"),
    *("vllm:request_queue_time_seconds", "vllm:request_inference_time_seconds"),
    *("vllm:request_prefill_time_seconds", "vllm:request_decode_time_seconds"),
    # other engines: Triton, TGI, SGLang, TorchServe, TensorFlow Serving, MLServer, Ray Serve
    *("nv_*", "tgi_*", "sglang:*", "ts_*", ":tensorflow:*", "parallel_request_queue", "model_infer_*", "ray_serve_*"),
    # controllers that serve
    *("keda_*", "karpenter_*", "rollout_*", "analysis_run_*", "gateway_*", "inference_*", "kserve_*"),
    "serving_*",
)


class MetricContract(Parameters):
    """Parameters."""

    known: tuple[str, ...] = Field(
        default=_KNOWN, description="Names of metrics that are exposed; `*` stands for any characters."
    )
    also_known: tuple[str, ...] = Field(
        default=(), description="Further names, such as those of your own services; added to `known`."
    )


def check(resource: Resource, parameters: MetricContract) -> Outcomes:
    """Judge every query of one object."""
    yield from judge_each(_queries(resource), lambda query: _judge(resource, query, parameters))


def _queries(resource: Resource) -> Iterator[Node]:
    if resource.token in RULE_FILES:
        for entry in entries(resource):
            yield entry.node["expr"]
    elif resource.token in ANALYSES:
        for metric in resource.at("spec", "metrics").items():
            yield metric.at("provider", _PROMETHEUS, "query")
    else:
        for trigger in resource.at("spec", "triggers").items():
            if trigger["type"].text() == _PROMETHEUS:
                yield trigger.at("metadata", "query")


def _judge(resource: Resource, query: Node, parameters: MetricContract) -> Iterator[Outcome]:
    asked = metrics(query.text() or "")
    recorded, doubts = resource.stack.index("recorded-series", lambda: _recorded(resource.stack))
    known = _known(parameters)
    strangers = sorted(name for name in asked - recorded if not any(map(known.match, (name, family(name)))))
    if strangers and doubts:
        raise doubts[0]
    if strangers:
        what = "nothing in the stack records" if any(":" in name for name in strangers) else "nobody is known to expose"
        yield Violation(f"{query.place}: {what} {', '.join(strangers)}")


@lru_cache(maxsize=8)
def _known(parameters: MetricContract) -> re.Pattern[str]:
    patterns = (*parameters.known, *parameters.also_known)
    return re.compile("|".join(map(translate, patterns)) or _NOTHING)


def _recorded(stack: Stack) -> tuple[set[str], list[Undetermined]]:
    """Series that recording rules of the stack make, and rule files that may make more."""
    names: set[str] = set()
    doubts: list[Undetermined] = []
    for resource in stack.of(*RULE_FILES):
        try:
            names.update(_record_names(entries(resource)))
        except Undetermined as doubt:
            doubts.append(doubt)
        except Malformed:
            continue  # it records nothing, and is judged itself
    return names, doubts


def _record_names(rules: tuple[Entry, ...]) -> Iterator[str]:
    for entry in rules:
        name = entry.node["record"].text()
        if name:
            yield name


RULE = Rule(
    id="metric-contract",
    title="Scalers, rollout analyses and alerts ask for metrics that exist",
    description=(
        "Every metric in a Prometheus query of a ScaledObject or ScaledJob, of an AnalysisTemplate, of a rule file or "
        "of a PrometheusRule is recorded by a rule of the stack, or is on the list of known metrics: those of "
        "Kubernetes, common gateways and inference engines by default, further ones by the parameter also_known. "
        "Whether the labels select anything is not judged. Names in a template ({{args.x}}) are not read."
    ),
    effect="the query has no value: nothing scales, no bad version is sent back, no alert is ever raised",
    remedy="correct the name, record the series by a rule, or add the metric to the parameter also_known",
    topic=Topic.OBSERVABILITY,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(SCALED_OBJECT, SCALED_JOB, *ANALYSES, *RULE_FILES),
    parameters=MetricContract,
    check=check,
    level=Level.ADVISORY,
)
