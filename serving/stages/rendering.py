"""The settings of the program, made from a blueprint. Needs nothing but the blueprint."""

from __future__ import annotations

from serving.blueprint.headers import VERSION_HEADER, deprecation_headers
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.contract import Stage
from serving.blueprint.timing import request_seconds, stage_timeouts_ms
from serving.stages.settings import DeliverySettings, Settings, Step, TokenLimits, Version


def settings_of(
    blueprint: Blueprint,
    *,
    server_port: int,
    readiness_path: str,
    drain_seconds: int,
    delivery: DeliverySettings | None = None,
) -> Settings:
    """What the program of a service must know.

    Args:
        blueprint: The service; its contract declares the program and says on which path requests come.
        server_port: Where the server listens.
        readiness_path: Where the server says that the model is loaded.
        drain_seconds: Time that running requests have to end.
        delivery: Where requests wait that are answered later; needed where the contract delivers so.

    Raises:
        ValueError: The contract declares no program.
    """
    contract = blueprint.contract
    validation = contract.stages.ingress.validation
    if validation is None or contract.request_path is None:
        raise ValueError(f"{blueprint.name} declares no contract.stages.ingress.validation")
    return Settings(
        service=blueprint.name,
        current=contract.version,
        versions=_versions(blueprint),
        request_path=contract.request_path,
        read_paths=contract.read_paths,
        readiness_path=readiness_path,
        max_request_bytes=contract.max_request_bytes,
        steps=_steps(blueprint, server_port),
        token_limits=TokenLimits(contract.limits.max_output_tokens, contract.limits.max_prompt_bytes),
        response_sample_percent=validation.response_sample_percent,
        request_seconds=request_seconds(blueprint),
        drain_seconds=drain_seconds,
        delivery=delivery,
    )


def _versions(blueprint: Blueprint) -> dict[str, Version]:
    contract = blueprint.contract
    current = Version(contract.public_request, contract.public_response, {VERSION_HEADER: contract.version})
    older = {
        one.version: Version(
            one.request,
            one.response,
            {VERSION_HEADER: one.version, **deprecation_headers(one)},
        )
        for one in contract.supported_versions
    }
    return {contract.version: current, **older}


def _steps(blueprint: Blueprint, server_port: int) -> tuple[Step, ...]:
    """The stages that are called, in the order of the flow."""
    stages = blueprint.contract.stages
    called = {name: (one.port, one.path) for name, one in stages.containers.items()}
    timeouts_ms = stage_timeouts_ms(blueprint.contract, blueprint.slo)
    steps = []
    for name in ("features", "inference", "delivery"):
        stage: Stage = getattr(stages, name)
        port, path = (server_port, None) if name == "inference" else called.get(name, (None, None))
        if port is not None:
            steps.append(Step(name, port, timeouts_ms[name], stage.on_failure.value, path, stage.default_value))
    return tuple(steps)
