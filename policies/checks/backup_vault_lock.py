"""Rule `backup-vault-lock`: nobody deletes backups, whoever they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pydantic import Field

from policies.backups import STORES, coverage, destination_vaults
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tagging import tags
from policies.tokens import AIR_GAPPED_VAULT, VAULT
from policies.views import Node, Resource
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import EnvironmentKind, Tier

LOCK: Final = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"


class VaultLock(Parameters):
    """Parameters."""

    compliance_required: bool = Field(
        default=True, description="Whether the lock must become final; without it an administrator lifts it."
    )
    maximum_changeable_days: int = Field(
        default=30, ge=3, description="Most days in which the lock can still be taken back."
    )
    minimum_retention_days: int = Field(
        default=1, ge=1, description="Fewest days for which the lock keeps every backup."
    )
    tier_tag: str = Field(default=TagKey.TIER.value, description="Tag that says what happens when a service stops.")
    apart_tiers: tuple[str, ...] = Field(
        default=(str(Tier.USERS_STOP.value),),
        description="Values of it whose backups are also copied to where this account deletes nothing.",
    )


def check(resource: Resource, parameters: VaultLock) -> Outcomes:
    """Judge a vault by its lock, or what holds data by where its backups go."""
    if resource.token == VAULT:
        yield from _judge_vault(resource, parameters)
    else:
        yield from _judge_store(resource, parameters)


def _judge_vault(vault: Resource, parameters: VaultLock) -> Outcomes:
    lock = vault.stack.companions(vault, LOCK, "backupVaultName").one_or_doubt()
    if lock is None:
        yield Violation("the vault has no lock")
        return
    aspects: tuple[Callable[[Resource, VaultLock], Outcomes], ...] = (_judge_final, _judge_kept)
    yield from judge_each(aspects, lambda aspect: aspect(lock, parameters))


def _judge_final(lock: Resource, parameters: VaultLock) -> Iterator[Outcome]:
    node = lock["changeableForDays"]
    days = node.number()
    if days is None:
        if parameters.compliance_required:
            yield Violation(f"{node.place} is missing, so that an administrator can lift the lock", lock.urn)
    elif days > parameters.maximum_changeable_days:
        yield Violation(f"{node.place} is more than {parameters.maximum_changeable_days}", lock.urn)


def _judge_kept(lock: Resource, parameters: VaultLock) -> Iterator[Outcome]:
    node = lock["minRetentionDays"]
    if (node.number() or 0.0) < parameters.minimum_retention_days:
        yield Violation(f"{node.place} is less than {parameters.minimum_retention_days}", lock.urn)


def _judge_store(store: Resource, parameters: VaultLock) -> Iterator[Outcome]:
    tier = tags(store).get(parameters.tier_tag)
    if tier is None or tier.text() not in parameters.apart_tiers:
        return
    found = coverage(store)
    destinations = [each for plan in found.plans for each in destination_vaults(plan)]
    if found.plans and not any(_is_apart(node, vaults) for node, vaults in destinations):
        yield Violation(
            "its backups are copied neither to a logically air-gapped vault nor to one outside of this stack",
            remedy="add a copy action to a LogicallyAirGappedVault, or to a vault of another account",
        )


def _is_apart(node: Node, vaults: tuple[Resource, ...]) -> bool:
    """Whether who takes this stack's account over cannot empty the vault.

    A vault that is not in the stack counts: it stands in another account, or somebody else keeps it.
    """
    return not vaults or any(vault.token == AIR_GAPPED_VAULT for vault in vaults)


RULE = Rule(
    id="backup-vault-lock",
    title="Backups cannot be deleted before their time, and copies of the most important stand apart",
    description=(
        "Each backup vault has a lock in compliance mode that becomes final within the configured days and keeps every "
        "backup for the configured days. Data of tier 0 that a plan covers is also copied to a logically air-gapped "
        "vault, or to a vault outside of the stack. Logically air-gapped vaults are locked by themselves."
    ),
    effect="whoever takes over an administrator deletes the data and its backups together",
    remedy="add a VaultLockConfiguration with changeableForDays and minRetentionDays",
    topic=Topic.RESILIENCE,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(VAULT, *STORES),
    parameters=VaultLock,
    check=check,
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
