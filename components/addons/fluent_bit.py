"""Fluent Bit: lines of tenants' containers and of the gateway, into the inference log of the service that they are of.

Owns how lines are found, sorted, cut down to what the blueprint names and sent. The log groups, how long they keep
lines and what they mask are `components.observability`'s; what a line of the gateway holds is `components.access_log`.
Lines of the platform's own controllers are not collected.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from components.access_log import HOST_KEY, TIME_FORMAT, TIME_KEY, line_keys, redacted_keys
from components.addons.definition import RESTRICTED, AddonDefinition, AddonFacts, LoggedService, Scrape, requests
from components.iam import Statement, arn
from components.namespaces import PodSecurity
from serving.blueprint.environment import Addon
from serving.blueprint.schema.observability import LogField
from serving.blueprint.tags import TagKey
from serving.blueprint.versions import TESTED_VERSIONS

_NAME: Final = "fluent-bit"
_PODS: Final = {"app.kubernetes.io/name": "fluent-bit"}
_PORT: Final = 2020
_STATE: Final = "/fluent-bit/state"
_REDACTED: Final = "[redacted]"

_LINES: Final = "/var/log/containers"
"""Where the kubelet links what containers write: `<pod>_<namespace>_<container>-<id>.log`."""

_UNSENT_MIB: Final = 64
"""Lines of a service that a node keeps while CloudWatch can't be reached; then the oldest go."""
_POSITIONS_MIB: Final = 256
"""Lines that are being sorted, and how far each file was read."""


def _values(facts: AddonFacts) -> dict[str, Any]:
    return {
        "fullnameOverride": _NAME,
        "testFramework": {"enabled": False},
        "serviceAccount": {"name": _NAME},
        # every node, whatever keeps others off it
        "tolerations": [{"operator": "Exists"}],
        "priorityClassName": "system-node-critical",
        # root, as the files are root's; without any capability it may read those and nothing else of others
        "securityContext": {"runAsNonRoot": False, "runAsUser": 0, **RESTRICTED},
        "resources": requests("50m", "192Mi"),
        "env": [{"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
        "metricsPort": _PORT,
        "daemonSetVolumes": [{"name": "varlog", "hostPath": {"path": "/var/log"}}],
        "daemonSetVolumeMounts": [{"name": "varlog", "mountPath": "/var/log", "readOnly": True}],
        # nothing is written to the node: a new pod of it reads what is still there again, and sends it twice
        "extraVolumes": [{"name": "state", "emptyDir": {"sizeLimit": _state_size(facts)}}],
        "extraVolumeMounts": [{"name": "state", "mountPath": _STATE}],
        "config": {
            "service": _service(),
            "inputs": _inputs(facts),
            "filters": "\n".join(_filters(facts)),
            "outputs": "\n".join(_output(facts, service) for service in facts.logged),
            "customParsers": _parser(),
        },
    }


def _state_size(facts: AddonFacts) -> str:
    return f"{_POSITIONS_MIB + _UNSENT_MIB * len(facts.logged)}Mi"


def _section(kind: str, *entries: tuple[str, str]) -> str:
    """A section of Fluent Bit's classic configuration, in which a key may stand several times."""
    return "\n".join([f"[{kind}]", *(f"    {key} {value}" for key, value in entries), ""])


def _service() -> str:
    return _section(
        "SERVICE",
        ("Daemon", "Off"),
        ("Flush", "5"),
        ("Log_Level", "warn"),
        ("Parsers_File", "/fluent-bit/etc/parsers.conf"),
        ("Parsers_File", "/fluent-bit/etc/conf/custom_parsers.conf"),
        ("HTTP_Server", "On"),
        ("HTTP_Listen", "0.0.0.0"),  # noqa: S104  (of its pod: the kubelet asks, and Prometheus)
        ("HTTP_Port", str(_PORT)),
        ("Health_Check", "On"),
        ("storage.path", f"{_STATE}/storage"),
        ("storage.max_chunks_up", "32"),
        ("storage.backlog.mem_limit", "16M"),
    )


def _parser() -> str:
    return _section(
        "PARSER",
        ("Name", "gateway"),
        ("Format", "json"),
        ("Time_Key", TIME_KEY),
        ("Time_Format", TIME_FORMAT),
        ("Time_Keep", "On"),
    )


def _inputs(facts: AddonFacts) -> str:
    tenants = sorted({service.tenant for service in facts.logged})
    gateway = TESTED_VERSIONS.envoy_gateway.namespace
    return "\n".join(
        [
            _tail("tenant", ",".join(f"{_LINES}/*_{tenant}_*.log" for tenant in tenants)),
            # container `envoy` of the proxies, and not the controller's, `envoy-gateway`
            _tail("gateway", f"{_LINES}/*_{gateway}_envoy-*.log", f"{_LINES}/*_{gateway}_envoy-gateway-*.log"),
        ]
    )


def _tail(tag: str, path: str, excluded: str | None = None) -> str:
    return _section(
        "INPUT",
        ("Name", "tail"),
        ("Tag", f"{tag}.*"),
        ("Path", path),
        *([("Exclude_Path", excluded)] if excluded else []),
        ("multiline.parser", "cri"),
        ("DB", f"{_STATE}/{tag}.db"),
        # what was written before this pod was there is of interest too
        ("Read_from_Head", "On"),
        ("Refresh_Interval", "5"),
        ("Buffer_Max_Size", "256k"),
        ("Skip_Long_Lines", "On"),
        ("storage.type", "filesystem"),
    )


def _filters(facts: AddonFacts) -> Iterator[str]:
    """Whose line it is, then what is left of it; a line that is no service's reaches no output, and is dropped."""
    yield _section(
        "FILTER",
        ("Name", "kubernetes"),
        ("Match", "tenant.*"),
        ("Kube_Tag_Prefix", "tenant.var.log.containers."),
        ("Merge_Log", "On"),
        ("Keep_Log", "Off"),
        ("Annotations", "Off"),
        # whether its lines are kept is not a tenant's to say
        ("K8S-Logging.Exclude", "Off"),
        ("K8S-Logging.Parser", "Off"),
        ("Buffer_Size", "256k"),
    )
    label = f"$kubernetes['labels']['{TagKey.SERVICE.label}']"
    yield _sort("tenant", [f"{label} ^{one.name}$ service.{one.name}.container false" for one in facts.logged])
    yield _section(
        "FILTER",
        ("Name", "parser"),
        ("Match", "gateway.*"),
        ("Key_Name", "log"),
        ("Parser", "gateway"),
        ("Reserve_Data", "Off"),
    )
    yield _sort(
        "gateway", [f"${HOST_KEY} {_host_pattern(one)} service.{one.name}.access false" for one in facts.logged]
    )
    yield from _container_filters()
    for service in facts.logged:
        yield from _service_filters(service)


def _sort(tag: str, rules: list[str]) -> str:
    return _section(
        "FILTER",
        ("Name", "rewrite_tag"),
        ("Match", f"{tag}.*"),
        *(("Rule", rule) for rule in rules),
        ("Emitter_Name", f"sorted_{tag}"),
        ("Emitter_Storage.type", "filesystem"),
        ("Emitter_Mem_Buf_Limit", "16M"),
    )


def _host_pattern(service: LoggedService) -> str:
    """The service's hosts, in whatever case, with or without a port; no backslashes, which a rule would unquote."""
    hosts = "|".join(re.sub(r"[.]", "[.]", host) for host in service.hosts)
    return f"^(?i:{hosts})(:[0-9]+)?$"


def _container_filters() -> Iterator[str]:
    """Of what Kubernetes knows of the pod only its name, its container and its model."""
    every = ("Match", "service.*.container")
    lift = (("Name", "nest"), every, ("Operation", "lift"))
    yield _section("FILTER", *lift, ("Nested_under", "kubernetes"), ("Add_prefix", "kubernetes_"))
    yield _section("FILTER", *lift, ("Nested_under", "kubernetes_labels"), ("Add_prefix", "label_"))
    yield _section(
        "FILTER",
        ("Name", "modify"),
        every,
        ("Rename", "kubernetes_pod_name pod"),
        ("Rename", "kubernetes_container_name container"),
        ("Rename", f"label_{TagKey.MODEL_VERSION.label} model_version"),
        ("Rename", f"label_{TagKey.CONTRACT_VERSION.label} contract_version"),
        ("Remove_wildcard", "kubernetes_"),
        ("Remove_wildcard", "label_"),
        ("Remove", "_p"),
    )


def _service_filters(service: LoggedService) -> Iterator[str]:
    access, fields = ("Match", f"service.{service.name}.access"), [LogField(field) for field in service.fields]
    yield _section(
        "FILTER", ("Name", "record_modifier"), access, *(("Allowlist_key", key) for key in line_keys(fields))
    )
    if LogField.TENANT in fields:
        yield _section("FILTER", ("Name", "modify"), access, ("Set", f"tenant {service.tenant}"))
    for key in redacted_keys([LogField(field) for field in service.redact]):
        yield _section(
            "FILTER",
            ("Name", "modify"),
            ("Match", f"service.{service.name}.*"),
            ("Condition", f"Key_exists {key}"),
            ("Set", f"{key} {_REDACTED}"),
        )


def _output(facts: AddonFacts, service: LoggedService) -> str:
    return _section(
        "OUTPUT",
        ("Name", "cloudwatch_logs"),
        ("Match", f"service.{service.name}.*"),
        ("region", facts.region),
        ("log_group_name", service.log_group),
        ("log_stream_prefix", "${NODE_NAME}."),
        # it has a key, a retention and what it masks: nobody else may make it
        ("auto_create_group", "Off"),
        ("Retry_Limit", "no_limits"),
        ("storage.total_limit_size", f"{_UNSENT_MIB}M"),
    )


def _statements(facts: AddonFacts) -> list[Statement]:
    """Only to add lines (Fluent Bit documentation, "Amazon CloudWatch", read 2026-11)."""
    groups = [
        arn("logs", facts.region, facts.account_id, f"log-group:{service.log_group}:*") for service in facts.logged
    ]
    return [Statement("WriteStreams", ("logs:CreateLogStream", "logs:PutLogEvents"), tuple(groups))]


DEFINITION: Final = AddonDefinition(
    addon=Addon.FLUENT_BIT,
    chart=TESTED_VERSIONS.fluent_bit,
    values=_values,
    service_account=_NAME,
    statements=_statements,
    # what containers write stands in a directory of the node
    level=PodSecurity.PRIVILEGED,
    scrapes=(Scrape(_NAME, _PODS, "http", path="/api/v2/metrics/prometheus"),),
)
