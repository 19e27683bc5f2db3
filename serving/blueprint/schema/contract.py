"""Section `contract`: what consumers may rely on, and the four stages that keep it.

Owns the shape. Whether adjacent stages fit each other is proven in `serving.blueprint.crosschecks` by
`serving.blueprint.compatibility`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Milliseconds, Name, Section, SemanticVersion, Text
from serving.blueprint.schema.limits import Limits
from serving.blueprint.schema.protocols import PUBLIC_PATHS, PUBLIC_SCHEMAS
from serving.blueprint.schema.stage_programs import StageContainer, Validation

MOST_SCHEMA_BYTES = 131_072
"""Half of what all annotations of an object may have (k8s.io/apimachinery, `TotalAnnotationSizeLimitB`: 256 KiB)."""

JsonSchema = Annotated[
    dict[str, Any],
    Field(description="A JSON Schema (2020-12), inline or as `{file: path}` relative to the blueprint."),
]


class Protocol(StrEnum):
    """How consumers talk to the service."""

    OPENAI = "openai"
    """OpenAI-compatible HTTP API (chat completions, embeddings)."""
    OPEN_INFERENCE_V2 = "open-inference-v2"
    """Open Inference Protocol v2 over HTTP."""
    HTTP = "http"
    """A JSON-over-HTTP API of the team's own."""
    GRPC = "grpc"
    """A gRPC API of the team's own."""


class Delivery(StrEnum):
    """How an answer reaches its consumer."""

    SYNC = "sync"
    """One response to one request."""
    STREAM = "stream"
    """Server-sent chunks on one connection."""
    ASYNC = "async"
    """The request is queued; the answer is fetched or pushed later."""


class OnFailure(StrEnum):
    """What a stage does when its transformation fails or times out."""

    REJECT = "reject"
    """Answer with an error at once."""
    RETRY = "retry"
    """Try once more inside the same budget, then reject."""
    DEFAULT = "default"
    """Go on with the stage's declared default value."""
    DEGRADE = "degrade"
    """Take the next step of the degradation ladder."""


class Stage(Section):
    """One of the four stages: what goes in, what comes out, in what time, and what if it fails."""

    input: JsonSchema | None = Field(
        default=None, description="Schema of what the stage accepts; what the stage before gives by default."
    )
    output: JsonSchema | None = Field(
        default=None, description="Schema of what the stage gives; its input, unchanged, by default."
    )
    transformation: Text | None = Field(
        default=None, description="What the stage does, for readers; nothing (pass-through) by default."
    )
    latency_budget_ms: Milliseconds | None = Field(
        default=None,
        description="Share of the tightest latency objective that the stage may use. "
        "The inference stage gets the remainder by default, the other stages nothing.",
    )
    timeout_ms: Milliseconds | None = Field(
        default=None, description="The stage is abandoned after this time; never less than its budget."
    )
    on_failure: OnFailure = Field(default=OnFailure.REJECT, description="What happens when the stage fails.")
    default_value: Any = Field(default=None, description="The value to go on with when `on_failure: default`.")

    @model_validator(mode="after")
    def _check(self) -> Stage:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        if self.timeout_ms is not None and self.timeout_ms < (self.latency_budget_ms or 0):
            yield Finding(
                ("timeout_ms",),
                f"{self.timeout_ms} ms is less than the stage's latency budget of {self.latency_budget_ms} ms",
                effect="the stage would be abandoned while it is still inside its budget",
                remedy=f"raise timeout_ms to at least {self.latency_budget_ms}",
            )
        if self.on_failure is OnFailure.DEFAULT and self.default_value is None:
            yield Finding(
                ("on_failure",),
                "'default' needs a default_value",
                effect="the stage would have nothing to go on with",
                remedy="state default_value, or choose another reaction",
                allowed=tuple(OnFailure),
            )


class IngressStage(Stage):
    """The stage that requests come in by."""

    validation: Validation | None = Field(
        default=None,
        description="The program that checks requests and calls the stages; without it requests go to the server.",
    )

    def _findings(self) -> Iterator[Finding]:
        """What is no use here: a request that is wrong is refused, and its consumer says how fast it comes."""
        yield from super()._findings()
        if self.timeout_ms is not None:
            yield Finding(
                ("timeout_ms",),
                "the ingress stage calls nothing that could be abandoned",
                effect="it would be counted in the time of a request, and nothing would hold it",
                remedy="remove it; how long a request may take to arrive is the gateway's",
            )
        if self.on_failure is not OnFailure.REJECT:
            yield Finding(
                ("on_failure",),
                f"'{self.on_failure}' for requests that are not the contract's",
                effect="they would be refused all the same",
                remedy="remove it",
                allowed=(OnFailure.REJECT,),
            )


class WorkingStage(Stage):
    """A stage whose work a container of its own may do."""

    container: StageContainer | None = Field(
        default=None, description="The container that does it; the server does it itself by default."
    )


class Stages(Section):
    """The pipeline, in order. A stage that is left out passes its input on unchanged."""

    ingress: IngressStage = Field(default=IngressStage(), description="Validation and limits at the edge.")
    features: WorkingStage = Field(default=WorkingStage(), description="Feature look-up and pre-processing.")
    inference: Stage = Field(default=Stage(), description="The model itself.")
    delivery: WorkingStage = Field(default=WorkingStage(), description="Post-processing and hand-over to the consumer.")

    @model_validator(mode="after")
    def _check(self) -> Stages:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        containers = self.containers
        if containers and self.ingress.validation is None:
            yield Finding(
                ("ingress", "validation"),
                f"no program although {' and '.join(containers)} have containers of their own",
                effect="nothing would call them",
                remedy="state contract.stages.ingress.validation (an empty mapping will do)",
            )
        if len({one.port for one in containers.values()}) < len(containers):
            yield Finding(
                ("delivery", "container", "port"),
                "the containers of features and delivery have one port",
                effect="containers of one pod share their ports: one of the two could not start",
                remedy="give one of them another port",
            )

    @property
    def containers(self) -> dict[str, StageContainer]:
        """Stage -> the container that does its work, in the order of the flow."""
        declared = {"features": self.features.container, "delivery": self.delivery.container}
        return {name: container for name, container in declared.items() if container is not None}

    @property
    def further_cpu(self) -> float:
        """CPUs that a replica requests for programs beside its server."""
        return sum(one.cpu for one in self._programs)

    @property
    def further_memory_gib(self) -> float:
        """Memory that a replica requests for programs beside its server, GiB."""
        return sum(one.memory_mib for one in self._programs) / 1_024

    @property
    def _programs(self) -> tuple[Validation | StageContainer, ...]:
        checked = () if self.ingress.validation is None else (self.ingress.validation,)
        return (*checked, *self.containers.values())


class SupportedVersion(Section):
    """An older contract version that is still served beside the current one."""

    version: SemanticVersion = Field(description="The older version.")
    request: JsonSchema | None = Field(default=None, description="Its public request; today's by default.")
    response: JsonSchema | None = Field(default=None, description="Its public response; today's by default.")
    deprecated_on: date = Field(description="From this day answers carry a deprecation header.")
    removed_on: date = Field(description="Announced end: from this day the owner may take the version out.")

    @model_validator(mode="after")
    def _check(self) -> SupportedVersion:
        if self.removed_on <= self.deprecated_on:
            raise_findings(
                [
                    Finding(
                        ("removed_on",),
                        f"{self.removed_on} is not after deprecated_on {self.deprecated_on}",
                        effect="consumers would get no notice",
                        remedy="leave consumers time between the two dates",
                    )
                ]
            )
        return self


class Queue(Section):
    """The queue behind asynchronous delivery."""

    max_attempts: int = Field(default=3, ge=1, le=20, description="Deliveries before a message is set aside.")
    visibility_timeout_seconds: int = Field(
        default=120,
        ge=1,
        le=43_200,  # the limit of Amazon SQS (botocore 1.44.5, sqs, CreateQueue, VisibilityTimeout)
        description="Time in which a worker must finish a message.",
    )
    retention_seconds: int = Field(
        default=345_600,
        ge=60,
        le=1_209_600,  # limit of Amazon SQS: 14 days (botocore 1.44.5, sqs, CreateQueue, MessageRetentionPeriod)
        description="How long an unread message is kept, and as long again its answer.",
    )
    parallel_requests: int = Field(
        default=1, ge=1, le=10_000, description="Messages that one replica works on at a time, beside direct requests."
    )
    alert_after_seconds: int = Field(
        default=900, ge=60, le=1_209_600, description="Age of the oldest waiting message at which people are told."
    )

    @model_validator(mode="after")
    def _check(self) -> Queue:
        if self.retention_seconds <= self.visibility_timeout_seconds * self.max_attempts:
            raise_findings(
                [
                    Finding(
                        ("retention_seconds",),
                        f"{self.retention_seconds} s is not longer than {self.max_attempts} attempts of"
                        f" {self.visibility_timeout_seconds} s",
                        effect="messages would be forgotten before they were tried as often as promised",
                        remedy="keep messages longer, or try less often",
                    )
                ]
            )
        return self


class Contract(Section):
    """What consumers may rely on, and the stages that keep it."""

    version: SemanticVersion = Field(description="Semantic version of the public contract.")
    protocol: Protocol = Field(description="How consumers talk to the service.")
    task: str | None = Field(
        default=None,
        description="For `openai`: chat-completions or embeddings (which public schema is meant).",
        pattern="^(chat-completions|embeddings)$",
    )
    host: Name | None = Field(default=None, description="Host label below the environment's domain; name by default.")
    path: str | None = Field(
        default=None,
        pattern=r"^/[A-Za-z0-9._~/-]*$",
        max_length=255,
        description="Path of the requests; `openai` has its own. Where it is known, no other path is open to callers.",
    )
    delivery: tuple[Delivery, ...] = Field(
        default=(Delivery.SYNC,), min_length=1, description="How answers are delivered."
    )
    queue: Queue = Field(default=Queue(), description="The queue behind asynchronous delivery.")
    request: JsonSchema | None = Field(
        default=None, description="Public request; the protocol's own schema by default."
    )
    response: JsonSchema | None = Field(
        default=None, description="Public response; the protocol's own schema by default."
    )
    max_request_bytes: int = Field(
        default=1_048_576,
        ge=256,
        le=104_857_600,
        description="A larger request is refused at the edge.",
    )
    limits: Limits = Field(default=Limits(), description="What one caller, or one request, may ask for.")
    stages: Stages = Field(default=Stages(), description="The four stages, in order.")
    supported_versions: tuple[SupportedVersion, ...] = Field(
        default=(), description="Older versions served beside the current one."
    )

    @model_validator(mode="after")
    def _check(self) -> Contract:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        for side in ("request", "response"):
            if getattr(self, side) is None and self._protocol_schema(side) is None:
                yield Finding(
                    (side,),
                    f"protocol '{self.protocol}' has no {side} schema of its own",
                    effect="nothing could be checked before a rollout",
                    remedy=f"state contract.{side} (for 'openai', stating contract.task is enough)",
                )
        seen = {self.version}
        for index, older in enumerate(self.supported_versions):
            if older.version in seen:
                yield Finding(
                    ("supported_versions", index, "version"),
                    f"version {older.version} is listed twice",
                    effect="two routes would claim the same version",
                    remedy="list each version once; the current one is served anyway",
                )
            seen.add(older.version)

        yield from self._path_findings()
        yield from self._limit_findings()
        if Delivery.ASYNC in self.delivery and self.stages.ingress.validation is None:
            yield Finding(
                ("stages", "ingress", "validation"),
                "answers are to be delivered later, but no program takes requests in",
                effect="nothing would put them into the queue, nor take them out",
                remedy="state contract.stages.ingress.validation (an empty mapping will do)",
            )

    def _path_findings(self) -> Iterator[Finding]:
        if self.path is not None and self._protocol_paths:
            yield Finding(
                ("path",),
                f"protocol '{self.protocol}' has a path of its own",
                effect="its clients would ask elsewhere",
                remedy="remove contract.path",
            )
        if self.stages.ingress.validation is None:
            return
        if self.protocol is Protocol.GRPC:
            yield Finding(
                ("stages", "ingress", "validation"),
                "protocol 'grpc' is not JSON",
                effect="the program could read no request",
                remedy="remove validation; the server checks its messages itself",
            )
        elif self._schema_bytes > MOST_SCHEMA_BYTES:
            yield Finding(
                ("request",),
                f"the public schemas have {self._schema_bytes:,} bytes, at most {MOST_SCHEMA_BYTES:,} are allowed",
                effect="the replicas' settings would not fit into their pods' annotations",
                remedy="take out descriptions and examples, or remove versions that have ended",
            )
        elif self.request_path is None:
            yield Finding(
                ("path",),
                "requests are to be validated, but nothing says on which path they come",
                effect="the program would know neither what to check nor what to refuse",
                remedy="state contract.path, e.g. /score",
            )

    def _limit_findings(self) -> Iterator[Finding]:
        limits = self.limits
        meant = {
            "max_output_tokens": (limits.max_output_tokens, self.task == "chat-completions", "task: chat-completions"),
            "max_prompt_bytes": (limits.max_prompt_bytes, self.protocol is Protocol.OPENAI, "protocol: openai"),
        }
        for key, (limit, fits, what) in meant.items():
            if limit is not None and not fits:
                yield Finding(
                    ("limits", key),
                    f"a limit that is only known for `{what}`",
                    effect="nothing could be counted",
                    remedy="remove it; bound the request by contract.request and contract.max_request_bytes",
                )
            elif limit is not None and self.stages.ingress.validation is None:
                yield Finding(
                    ("limits", key),
                    "a limit that nothing holds: there is no contract.stages.ingress.validation",
                    effect="requests beyond it would reach the server",
                    remedy="state contract.stages.ingress.validation (an empty mapping will do)",
                )

    @property
    def _schema_bytes(self) -> int:
        """Size of all public schemas, as the program that checks requests is given them."""
        older = [schema for one in self.supported_versions for schema in (one.request, one.response)]
        schemas = [self.public_request, self.public_response, *older]
        return sum(len(json.dumps(schema)) for schema in schemas if schema is not None)

    @property
    def _protocol_paths(self) -> tuple[str, ...]:
        return PUBLIC_PATHS.get((self.protocol.value, self.task), ())

    @property
    def request_path(self) -> str | None:
        """Path of the requests; None where neither the protocol nor the contract says it."""
        return self.path or next(iter(self._protocol_paths), None)

    @property
    def read_paths(self) -> tuple[str, ...]:
        """Paths that clients of the protocol read beside (lists of models), without a body."""
        return self._protocol_paths[1:]

    def _protocol_schema(self, side: str) -> Mapping[str, Any] | None:
        return PUBLIC_SCHEMAS.get((self.protocol.value, self.task), {}).get(side)

    @property
    def public_request(self) -> Mapping[str, Any]:
        """The request schema that consumers may rely on."""
        return self.request if self.request is not None else self._protocol_schema("request") or {}

    @property
    def public_response(self) -> Mapping[str, Any]:
        """The response schema that consumers may rely on."""
        return self.response if self.response is not None else self._protocol_schema("response") or {}

    def pipeline(self) -> tuple[ResolvedStage, ...]:
        """The four stages with every omitted schema filled in, in order of the flow of a request."""
        resolved: list[ResolvedStage] = []
        flowing: Mapping[str, Any] = self.public_request
        for name in Stages.model_fields:
            stage: Stage = getattr(self.stages, name)
            accepts = stage.input if stage.input is not None else flowing
            passes_on = self.public_response if name == "inference" else accepts
            gives = stage.output if stage.output is not None else passes_on
            resolved.append(ResolvedStage(name=name, input=dict(accepts), output=dict(gives), stage=stage))
            flowing = gives
        return tuple(resolved)


class ResolvedStage(Section):
    """A stage whose schemas are both known."""

    name: str
    input: dict[str, Any]
    output: dict[str, Any]
    stage: Stage
