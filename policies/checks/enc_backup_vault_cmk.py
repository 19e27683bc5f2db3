"""Rule `enc-backup-vault-cmk`: backups are encrypted with keys of our own."""

from __future__ import annotations

from typing import Final

from policies.frameworks import BACKUP_1
from policies.keys import key_problem
from policies.rule import Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tokens import AIR_GAPPED_VAULT, VAULT
from policies.views import Resource

_KEY_PROPERTIES: Final = {VAULT: "kmsKeyArn", AIR_GAPPED_VAULT: "encryptionKeyArn"}


def check(vault: Resource, parameters: Parameters) -> Outcomes:
    """Judge one vault, logically air-gapped or not."""
    problem = key_problem(vault, vault[_KEY_PROPERTIES[vault.token]])
    if problem:
        yield Violation(problem)


RULE = Rule(
    id="enc-backup-vault-cmk",
    title="Backup vaults are encrypted with a customer managed KMS key",
    description=(
        "kmsKeyArn of each backup vault, and encryptionKeyArn of each logically air-gapped one, name a customer "
        "managed key."
    ),
    effect="the copies of all data rest under a key that cannot be shared, audited or withdrawn",
    remedy="set kmsKeyArn (encryptionKeyArn) to a KMS key; this replaces the vault, so copy its recovery points first",
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(VAULT, AIR_GAPPED_VAULT),
    parameters=Parameters,
    check=check,
    frameworks=(BACKUP_1,),
)
