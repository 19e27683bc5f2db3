"""Samples of `s3-block-public`."""

from __future__ import annotations

from dataclasses import replace

from policies.checks.s3_block_public import ACCOUNT_BLOCK, OWNERSHIP, PUBLIC_ACCESS_BLOCK
from policies.tokens import BUCKET
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

MODELS = Declared(BUCKET, "models", {"bucket": "acme-models"})
FLAGS = {
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}


def block(**properties: object) -> Declared:
    return Declared(PUBLIC_ACCESS_BLOCK, "models-block", {"bucket": "acme-models", **FLAGS, **properties})


def ownership(value: str) -> Declared:
    return Declared(OWNERSHIP, "own", {"bucket": "acme-models", "rule": {"objectOwnership": value}})


OURS = replace(MODELS, provider="ours")
COUNTS = {"account_block_counts": True}
NO_BLOCK = ("no public access block",)


def account(provider: str = "ours", **properties: object) -> Declared:
    return Declared(ACCOUNT_BLOCK, "account", {**FLAGS, **properties}, provider=provider)


SAMPLES = (
    Sample(Case.ALLOWED, "all flags", (MODELS, block())),
    Sample(
        Case.ALLOWED,
        "with ownership",
        (MODELS, block(), ownership("BucketOwnerEnforced")),
        parameters={"ownership_required": True},
    ),
    Sample(
        Case.RESOLVED,
        "bucket of the same stack",
        (
            Declared(BUCKET, "models", {}),
            Declared(PUBLIC_ACCESS_BLOCK, "b", {"bucket": UNKNOWN, **FLAGS}, {"bucket": ("models",)}),
        ),
    ),
    Sample(Case.ALLOWED, "the account's, where that counts", (OURS, account()), parameters=COUNTS),
    Sample(
        Case.ALLOWED,
        "its own beside half of the account's",
        (OURS, block(), account(blockPublicAcls=False)),
        (),
        COUNTS,
    ),
    Sample(
        Case.ALLOWED,
        "its own, whatever becomes of the account's",
        (OURS, block(), account(blockPublicPolicy=UNKNOWN)),
        (),
        COUNTS,
    ),
    Sample(Case.DISALLOWED, "no block", (MODELS,), NO_BLOCK),
    Sample(Case.DISALLOWED, "only the account's", (OURS, account()), NO_BLOCK),
    Sample(Case.DISALLOWED, "half of the account's", (OURS, account(blockPublicAcls=False)), NO_BLOCK, COUNTS),
    Sample(Case.DISALLOWED, "of another provider", (OURS, account("theirs")), NO_BLOCK, COUNTS),
    Sample(Case.DISALLOWED, "of nobody knows which provider", (MODELS, account("")), NO_BLOCK, COUNTS),
    Sample(Case.DISALLOWED, "of an account by name", (OURS, account(accountId="111122223333")), NO_BLOCK, COUNTS),
    Sample(Case.DISALLOWED, "a flag is off", (MODELS, block(ignorePublicAcls=False)), ("ignorePublicAcls is not",)),
    Sample(
        Case.DISALLOWED,
        "access lists count",
        (MODELS, block(), ownership("ObjectWriter")),
        ("objectOwnership is not BucketOwnerEnforced",),
    ),
    Sample(
        Case.DISALLOWED,
        "ownership not stated",
        (MODELS, block()),
        ("no ownership controls",),
        {"ownership_required": True},
    ),
    Sample(Case.UNKNOWN, "a flag", (MODELS, block(blockPublicPolicy=UNKNOWN)), ("blockPublicPolicy is not known",)),
    Sample(
        Case.UNKNOWN,
        "a flag of the account's",
        (OURS, account(blockPublicPolicy=UNKNOWN)),
        ("blockPublicPolicy is not known",),
        COUNTS,
    ),
    Sample(
        Case.UNKNOWN,
        "one bucket's unknown silences no other",
        (MODELS, block(blockPublicPolicy=UNKNOWN), Declared(BUCKET, "logs", {"bucket": "acme-logs"})),
        ("the bucket has no public access block", "blockPublicPolicy is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "no bucket", (block(),)),
)
