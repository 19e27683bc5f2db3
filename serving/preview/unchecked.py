"""What the embedded preview does not check, in words for the person who reads the plan.

Owns the standing list and the entries that a run adds to it. An entry that no longer holds is a defect.
"""

from __future__ import annotations

from collections.abc import Iterable

from serving.preview.plan import Unchecked
from serving.preview.recording import Kind, Recording

_ALWAYS = (
    Unchecked(
        "deployed state",
        "nothing is compared with what runs now; `--against` compares with a saved plan or a git revision",
    ),
    Unchecked(
        "provider validation",
        "no provider is asked: its checks, defaults and generated physical names are not in the plan",
    ),
    Unchecked(
        "computed outputs",
        "identifiers, ARNs and addresses stay unknown, and policies judge inputs, not outputs",
    ),
    Unchecked("cloud limits", "quotas, capacity, permissions and names taken by others are not known"),
)
_CLUSTER = Unchecked("cluster admission", "schemas, webhooks and quotas are applied by the Kubernetes API server")


def unchecked(recording: Recording, secret_config: Iterable[str]) -> tuple[Unchecked, ...]:
    """The standing list and what this run adds."""
    return (
        *_ALWAYS,
        *_cluster(recording),
        *_provider_defaults(recording),
        *(
            Unchecked(f"configuration {key}", "a secret; the program saw a placeholder in its place")
            for key in sorted(secret_config)
        ),
        *_transforms(recording),
        *_reads(recording),
    )


def _cluster(recording: Recording) -> list[Unchecked]:
    is_used = any(registration.type.startswith("kubernetes:") for registration in recording.registrations)
    return [_CLUSTER] if is_used else []


def _provider_defaults(recording: Recording) -> list[Unchecked]:
    """Tags that a provider adds to all its resources; they are merged by its Check."""
    with_tags = [
        registration.name
        for registration in recording.registrations
        if registration.kind is Kind.PROVIDER and "defaultTags" in registration.inputs.fields
    ]
    if not with_tags:
        return []
    return [Unchecked("default tags", f"added by the provider later, not shown: {', '.join(sorted(with_tags))}")]


def _transforms(recording: Recording) -> list[Unchecked]:
    if not recording.transforms:
        return []
    return [Unchecked("transforms", f"{recording.transforms} declared by the program, none applied here")]


def _reads(recording: Recording) -> list[Unchecked]:
    return [
        Unchecked(f"existing {registration.type}", f"{registration.name}: its properties are unknown here")
        for registration in sorted(recording.registrations, key=lambda registration: registration.urn)
        if registration.kind is Kind.READ
    ]
