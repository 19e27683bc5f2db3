"""Samples of `exception-ttl`."""

from __future__ import annotations

from policies.tokens import BUCKET
from tests.policies.harness import Case, Declared, Sample, waiver

RULE = "enc-s3-kms-cmk"
MODELS = Declared(BUCKET, "models", {})
PATTERN = "*::models"
ELEVEN = tuple(Declared(BUCKET, f"models-{number}", {}) for number in range(11))


def sample(case: Case, name: str, finds: tuple[str, ...] = (), pattern: str = PATTERN, **changes: str) -> Sample:
    return Sample(case, name, (MODELS,), finds, waivers=(waiver(RULE, pattern, **changes),))


SAMPLES = (
    sample(Case.ALLOWED, "used, in time"),
    sample(Case.INSIDE, "90 days", expires="2027-01-30"),
    sample(Case.OUTSIDE, "91 days", ("lasts 91 days",), expires="2027-01-31"),
    sample(Case.INSIDE, "last day", expires="2026-11-20"),
    sample(Case.OUTSIDE, "a day later", ("expired on 2026-11-19",), expires="2026-11-19"),
    sample(Case.INSIDE, "first day", granted="2026-11-20"),
    sample(Case.OUTSIDE, "a day earlier", ("holds only from 2026-11-21",), granted="2026-11-21"),
    sample(Case.INSIDE, "shortest literal name", pattern="*::mod*"),
    sample(Case.OUTSIDE, "too short a name", ("names no resource",), "*::mo*"),
    sample(Case.OUTSIDE, "a name in pieces", ("names no resource",), "*::*o*d*e*l*"),
    sample(Case.INSIDE, "a class beside a literal name", pattern="*::mod[a-z]l?"),
    sample(Case.DISALLOWED, "any letter", ("names no resource",), "*::[a-z]*"),
    sample(Case.DISALLOWED, "any but a few", ("names no resource",), "*::[!xyz]*"),
    sample(Case.DISALLOWED, "any of a class with what separates names in it", ("names no resource",), "*[abc::def-z]*"),
    Sample(Case.INSIDE, "ten resources", ELEVEN[:10], waivers=(waiver(RULE, "*::models-*"),)),
    Sample(
        Case.OUTSIDE,
        "eleven resources",
        ELEVEN,
        ("covers 11 resources",),
        waivers=(waiver(RULE, "*::models-*"),),
    ),
    sample(Case.DISALLOWED, "everything", ("names no resource",), "*"),
    sample(Case.DISALLOWED, "unused", ("covers nothing",), "*::nothing"),
    sample(
        Case.DISALLOWED, "backwards", ("ends before it begins", "expired"), granted="2026-11-19", expires="2026-11-18"
    ),
    Sample(Case.NOT_APPLICABLE, "no waiver", (MODELS,)),
)
