"""Samples of `backup-vault-lock`."""

from __future__ import annotations

from policies.checks.backup_vault_lock import LOCK
from policies.tokens import AIR_GAPPED_VAULT, VAULT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.backup_plan_coverage import FAR, plan, rule, selection, table

KEPT = Declared(VAULT, "vault", {"name": "vault", "region": "eu-west-1"})
NEAR = Declared(VAULT, "copies", {"name": "copies", "region": "eu-central-1"})
GAPPED = Declared(AIR_GAPPED_VAULT, "gap", {"name": "gap", "region": "eu-central-1", "minRetentionDays": 7})


def lock(vault: object = "vault", days: object = 3, kept: object = 7, name: str = "lock", **needs: object) -> Declared:
    settings = {"backupVaultName": vault, "changeableForDays": days, "minRetentionDays": kept}
    return Declared(LOCK, name, settings, {"backupVaultName": ("vault",)} if needs else {})


SAMPLES = (
    Sample(Case.ALLOWED, "locked", (KEPT, lock())),
    Sample(
        Case.ALLOWED,
        "an administrator may lift it",
        (KEPT, lock(days=None)),
        parameters={"compliance_required": False},
    ),
    Sample(Case.RESOLVED, "vault of the stack", (Declared(VAULT, "vault", {}), lock(UNKNOWN, bound=True))),
    Sample(Case.ALLOWED, "copies in another account", (table(tier="0"), plan(), selection())),
    Sample(
        Case.ALLOWED,
        "air-gapped copies",
        (table(tier="0"), GAPPED, plan(rule(copy=FAR.replace(":copies", ":gap"))), selection()),
    ),
    Sample(
        Case.RESOLVED,
        "air-gapped copies, vault not made yet",
        (table(tier="0"), GAPPED, plan(rule(copy=UNKNOWN), needs=("gap",)), selection()),
    ),
    Sample(
        Case.ALLOWED,
        "straight to the air-gapped vault",
        (
            table(tier="0"),
            GAPPED,
            plan(rule(copy=None, targetLogicallyAirGappedBackupVaultArn=FAR.replace(":copies", ":gap"))),
            selection(),
        ),
    ),
    Sample(Case.ALLOWED, "tier 1 may be lost with the account", (table(tier="1"), plan(rule(copy=None)), selection())),
    Sample(Case.INSIDE, "time to take it back", (KEPT, lock(days=30))),
    Sample(Case.OUTSIDE, "time to take it back", (KEPT, lock(days=31)), ("changeableForDays is more than 30",)),
    Sample(Case.INSIDE, "kept", (KEPT, lock(kept=1))),
    Sample(Case.OUTSIDE, "kept", (KEPT, lock(kept=0)), ("minRetentionDays is less than 1",)),
    Sample(Case.DISALLOWED, "no lock", (KEPT,), ("no lock",)),
    Sample(Case.DISALLOWED, "lock of another vault", (KEPT, lock("other")), ("no lock",)),
    Sample(
        Case.DISALLOWED,
        "nothing is final or kept",
        (KEPT, lock(days=None, kept=None)),
        ("changeableForDays is missing", "minRetentionDays is less than 1"),
    ),
    Sample(
        Case.DISALLOWED,
        "copies in the same hands",
        (table(tier="0"), NEAR, lock("copies"), plan(), selection()),
        ("neither to a logically air-gapped vault",),
    ),
    Sample(
        Case.DISALLOWED,
        "no copies",
        (table(tier="0"), plan(rule(copy=None)), selection()),
        ("neither to a logically air-gapped vault",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown time does not hide what is not kept",
        (KEPT, lock(days=UNKNOWN, kept=0)),
        ("changeableForDays is not known", "minRetentionDays is less than 1"),
    ),
    Sample(
        Case.UNKNOWN,
        "copies to nobody knows where",
        (table(tier="0"), plan(rule(copy=UNKNOWN)), selection()),
        ("destinationVaultArn is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "locked by itself", (GAPPED,)),
)
