"""Faults of what tells that something is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from policies.tokens import EKS_CLUSTER
from tests.policies.mutation.fault import Fault, drop, edit, named, put, remove
from tests.policies.mutation.recorded import Entry

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, faster where it was compiled
_RULES = "aws:amp/ruleGroupNamespace:RuleGroupNamespace"
_TRAIL = "aws:cloudtrail/trail:Trail"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_DETECTOR = "aws:guardduty/detector:Detector"

_TIER_0_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def tier_0(entry: Entry) -> bool:
    """Users stop when it stops."""
    return bool(entry.properties.get("tags", {}).get("tier") == "0")


def rules_kept(keep: Callable[[dict[str, Any]], bool]) -> Callable[[str], str]:
    """A rule file without those of its rules that are not kept."""

    def change(text: str) -> str:
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506  (a safe loader)
        for group in document["groups"]:
            group["rules"] = [rule for rule in group["rules"] if keep(rule)]
        return yaml.safe_dump(document, sort_keys=False)

    return change


def is_fast_or_no_alert(rule: dict[str, Any]) -> bool:
    """Looks at no long window."""
    return "alert" not in rule or "FastBurn" in rule["alert"]


FAULTS = (
    Fault(
        "alerts without runbook",
        _RULES,
        edit("data", to=lambda text: re.sub(r"\n +runbook_url: .*", "", text)),
        ("alert-runbook",),
    ),
    Fault(
        "objectives without alerts",
        _RULES,
        edit("data", to=rules_kept(lambda rule: "alert" not in rule)),
        ("slo-alerted",),
    ),
    Fault("slow burns are not seen", _RULES, edit("data", to=rules_kept(is_fast_or_no_alert)), ("slo-burn-alarms",)),
    Fault(
        "nobody manages alerts", "aws:amp/alertManagerDefinition:AlertManagerDefinition", remove, ("incident-response",)
    ),
    Fault("alarm of tier 0 calls nobody", _TIER_0_ALARM, drop("alarmActions"), ("incident-response",), where=tier_0),
    Fault("no rules of objectives", _RULES, remove, ("slo-declared",)),
    Fault("no control plane logs", EKS_CLUSTER, drop("enabledClusterLogTypes"), ("eks-control-logs",)),
    Fault("one kind of log fewer", EKS_CLUSTER, drop("enabledClusterLogTypes.*"), ("eks-control-logs",)),
    Fault("balancer does not log", _BALANCER, put("accessLogs.enabled", False), ("access-logs",)),
    Fault("logs of the balancer dropped", _BALANCER, drop("accessLogs"), ("access-logs",)),
    Fault("bucket does not log", "aws:s3/bucketLogging:BucketLogging", remove, ("access-logs",)),
    Fault("no trail", _TRAIL, remove, ("trail-guard",)),
    Fault("trail of one region", _TRAIL, put("isMultiRegionTrail", False), ("trail-guard",)),
    Fault("trail is not validated", _TRAIL, put("enableLogFileValidation", False), ("trail-guard",)),
    Fault("trail without key", _TRAIL, drop("kmsKeyId"), ("trail-guard",)),
    Fault("no detector", _DETECTOR, remove, ("trail-guard",)),
    Fault("detector off", _DETECTOR, put("enable", False), ("trail-guard",)),
    Fault("no recorder", "aws:cfg/recorder:Recorder", remove, ("trail-guard",)),
    Fault("no hub", "aws:securityhub/account:Account", remove, ("trail-guard",)),
    Fault(
        "nobody collects traces", "kubernetes:helm.sh/v3:Release", remove, ("tracing",), where=named("opentelemetry")
    ),
)
