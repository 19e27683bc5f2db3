"""The settings of the program: one JSON document, written by the renderer and read at start.

Owns the shape, both ways. What is not understood is refused: a program that guesses would serve another contract than
the one that was reviewed. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

from serving.blueprint.delivery import RECEIVES_PER_ATTEMPT


class SettingsError(ValueError):
    """The document is not what this version of the program understands."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the contract.

    Attributes:
        request: JSON Schema of its public request; None: the current version's.
        response: JSON Schema of its public response; None: the current version's.
        headers: What its answers carry.
    """

    request: Mapping[str, Any] | None
    response: Mapping[str, Any] | None
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """A stage that is called over HTTP.

    Attributes:
        stage: Name of the stage.
        port: Where it listens in the pod.
        timeout_ms: Time that it has, second attempt included.
        on_failure: reject, retry, default or degrade.
        path: Where its input is posted; None: the request's own path.
        default_value: The value to go on with.
    """

    stage: str
    port: int
    timeout_ms: int
    on_failure: str
    path: str | None = None
    default_value: Any = None


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """Bounds of one request to a language model.

    Attributes:
        max_output_tokens: Most tokens that may be generated, all choices together.
        max_prompt_bytes: Most bytes of all texts.
    """

    max_output_tokens: int | None = None
    max_prompt_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """Where requests wait that are answered later, and for how long.

    Attributes:
        origin: Scheme and host of the region that holds them, for links.
        region: AWS region.
        queue_url: Queue of references.
        dead_letters_url: Queue of those that no attempt could answer.
        table: Table of tickets.
        bucket: Bucket of requests and answers.
        visibility_timeout_seconds: Time of one attempt.
        retention_seconds: How long a reference waits at most, and how long an answer is kept.
        max_attempts: Attempts before a reference becomes a dead letter.
        parallel_requests: Requests that one replica works on at a time; 0: it takes in and hands out only.
        always: Whether every request is answered later, not only those that ask for it.
        variant_file: File with the pod's variant, and
        working_variant: the one that works on requests; None: every replica does.
    """

    origin: str
    region: str
    queue_url: str
    dead_letters_url: str
    table: str
    bucket: str
    visibility_timeout_seconds: int
    retention_seconds: int
    max_attempts: int
    parallel_requests: int = 1
    always: bool = False
    variant_file: str | None = None
    working_variant: str | None = None

    @property
    def max_receives(self) -> int:
        """Receives of one reference, given back untried or not, before it is set aside."""
        return RECEIVES_PER_ATTEMPT * self.max_attempts


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the program knows.

    Attributes:
        service: Name of the service.
        current: Version that is meant when a request names none.
        versions: Versions by number, the current one among them.
        request_path: Where requests are posted.
        read_paths: What else may be asked of the server, without a body.
        readiness_path: The server's own; passed on, because health checks ask the whole chain.
        max_request_bytes: A larger body is refused.
        steps: What is called, in order; `inference` is among them.
        token_limits: Bounds of one request.
        response_sample_percent: Share of answers that are compared with the contract.
        request_seconds: Time that an answer has once its request is there; None: the stages' own times only.
        drain_seconds: Time that running requests have once the program is told to stop.
        delivery: Asynchronous delivery; None: every answer is waited for.
    """

    service: str
    current: str
    versions: Mapping[str, Version]
    request_path: str
    readiness_path: str
    max_request_bytes: int
    steps: tuple[Step, ...]
    read_paths: tuple[str, ...] = ()
    token_limits: TokenLimits = field(default=TokenLimits())
    response_sample_percent: float = 0
    request_seconds: int | None = None
    drain_seconds: int = 30
    delivery: DeliverySettings | None = None

    def request_schema(self, version: str) -> Mapping[str, Any]:
        """JSON Schema of a version's public request."""
        own = self.versions[version].request
        return own if own is not None else self.versions[self.current].request or {}

    def response_schema(self, version: str) -> Mapping[str, Any]:
        """JSON Schema of a version's public response."""
        own = self.versions[version].response
        return own if own is not None else self.versions[self.current].response or {}

    @property
    def server(self) -> Step:
        """The model itself."""
        return next(step for step in self.steps if step.stage == "inference")


_Shape = TypeVar("_Shape", Version, Step, TokenLimits, DeliverySettings, Settings)


def dump(settings: Settings) -> str:
    """The document; the same settings give the same text."""
    return json.dumps(asdict(settings), sort_keys=True, separators=(",", ":"))


def load(text: str) -> Settings:
    """Read the document; SettingsError where it is not understood."""
    try:
        raw = json.loads(text)
        raw["versions"] = {number: _read(Version, one) for number, one in raw["versions"].items()}
        raw["steps"] = tuple(_read(Step, one) for one in raw["steps"])
        raw["read_paths"] = tuple(raw.get("read_paths", ()))
        raw["token_limits"] = _read(TokenLimits, raw.get("token_limits", {}))
        raw["delivery"] = None if raw.get("delivery") is None else _read(DeliverySettings, raw["delivery"])
        settings = _read(Settings, raw)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"the settings are not understood: {error}") from error
    if settings.current not in settings.versions or not any(step.stage == "inference" for step in settings.steps):
        raise SettingsError("the settings lack the current version or the server")
    return settings


def _read(shape: type[_Shape], raw: Mapping[str, Any]) -> _Shape:
    unknown = set(raw) - {one.name for one in fields(shape)}
    if unknown:
        raise ValueError(f"unknown keys of {shape.__name__}: {', '.join(sorted(unknown))}")
    return shape(**raw)
