"""Samples of `unknowns-fail-closed`."""

from __future__ import annotations

from tests.policies.harness import Case, Sample

RULE = "kms-rotation-window"
REASON = "the endpoint is made in the same update, and the preview reads the rest"


def sample(case: Case, name: str, level: object, finds: tuple[str, ...] = (), rule: str = "mandatory") -> Sample:
    return Sample(case, name, (), finds, written={"undetermined": {RULE: level}, "levels": {RULE: rule}})


SAMPLES = (
    sample(Case.ALLOWED, "as strict", "mandatory"),
    sample(Case.ALLOWED, "stricter than the rule", "mandatory", rule="advisory"),
    sample(Case.ALLOWED, "laxer, with a reason", {"level": "advisory", "reason": REASON}),
    sample(Case.DISALLOWED, "laxer", "advisory", ("is advisory without a reason, and the rule mandatory",)),
    sample(
        Case.DISALLOWED,
        "laxer than a rule that mends",
        "advisory",
        ("without a reason, and the rule remediate",),
        rule="remediate",
    ),
    sample(Case.DISALLOWED, "an empty reason", {"level": "advisory", "reason": " "}, ("without a reason",)),
    sample(Case.DISALLOWED, "invisible", "disabled", ("is disabled, and the rule is mandatory",)),
    sample(
        Case.DISALLOWED,
        "invisible, with a reason",
        {"level": "disabled", "reason": REASON},
        ("is disabled, and the rule is mandatory",),
    ),
    sample(Case.NOT_APPLICABLE, "rule is advisory itself", "disabled", rule="advisory"),
    Sample(Case.NOT_APPLICABLE, "nothing configured", ()),
)
