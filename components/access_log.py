"""A line of the gateway's access log, and what of it each service asked for.

Owns which declared field the gateway can tell, and in what words. All services share the proxies, so a proxy writes
every field that it knows; `components.addons.fluent_bit` keeps of a service's lines what its blueprint names. A proxy
knows nothing of prompts, answers and tokens: of these a line never holds anything.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from components.routing import VARIANT_HEADER
from serving.blueprint.headers import VERSION_HEADER
from serving.blueprint.schema.observability import LogField

TIME_KEY: Final = "time"
HOST_KEY: Final = "host"
"""Whose line it is: the host that was asked for."""

TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%S.%LZ"
"""How Envoy writes times, in the words of Fluent Bit."""

# Envoy, "Access logging", command operators (read 2026-11)
_ALWAYS: Final = {TIME_KEY: "%START_TIME%", HOST_KEY: "%REQ(:AUTHORITY)%"}

_FIELDS: Final[Mapping[LogField, tuple[str, str]]] = {
    LogField.REQUEST_ID: ("request_id", "%REQ(X-REQUEST-ID)%"),
    # which of the two versions: the gateway knows services, not models
    LogField.MODEL_VERSION: ("variant", f"%REQ({VARIANT_HEADER})%"),
    LogField.CONTRACT_VERSION: ("contract_version", f"%RESP({VERSION_HEADER})%"),
    LogField.LATENCY: ("latency_milliseconds", "%DURATION%"),
    LogField.STATUS: ("status", "%RESPONSE_CODE%"),
}
"""Field -> its key in a line, and Envoy's word for it. The tenant is added where the line is sorted."""


def telemetry_format() -> dict[str, Any]:
    """Section `telemetry.accessLog` of the proxies: JSON to their standard output."""
    json = {**_ALWAYS, **dict(_FIELDS.values())}
    return {
        "settings": [
            {
                "format": {"type": "JSON", "json": json},
                "sinks": [{"type": "File", "file": {"path": "/dev/stdout"}}],
            }
        ]
    }


def line_keys(fields: Sequence[LogField]) -> list[str]:
    """Keys of a gateway's line that these fields ask for; the time is always one of them."""
    return [TIME_KEY, *(key for field, (key, _) in _FIELDS.items() if field in fields)]


def redacted_keys(fields: Sequence[LogField]) -> list[str]:
    """Keys whose values must not be readable, in lines of the gateway and in JSON lines of the service's own programs.

    Programs may write a field's name with hyphens or underscores.
    """
    names = {name for field in fields for name in (field.value, field.value.replace("-", "_"))}
    return sorted(names | {key for field, (key, _) in _FIELDS.items() if field in fields})
