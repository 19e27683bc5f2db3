"""Samples of `policy-configuration`."""

from __future__ import annotations

from tests.policies.harness import Case, Sample, waiver


def wrong(name: str, find: str, **written: object) -> Sample:
    return Sample(Case.DISALLOWED, name, (), (find,), written=written)


RULE = "kms-rotation-window"

SAMPLES = (
    Sample(
        Case.ALLOWED,
        "all sections",
        (),
        written={
            "levels": {RULE: "advisory"},
            "undetermined": {RULE: "disabled"},
            "parameters": {RULE: {"maximum_rotation_days": 180}},
        },
    ),
    Sample(Case.INSIDE, "parameter", (), written={"parameters": {RULE: {"maximum_rotation_days": 90}}}),
    Sample(
        Case.OUTSIDE,
        "parameter",
        (),
        ("policies.parameters.kms-rotation-window.maximum_rotation_days",),
        written={"parameters": {RULE: {"maximum_rotation_days": 89}}},
    ),
    wrong("unknown rule", "did you mean kms-rotation-window", levels={"kms-rotation-windows": "advisory"}),
    wrong("unknown level", "allowed: advisory, mandatory", levels={RULE: "strict"}),
    wrong("level of a guard", "the level of this rule is fixed", levels={"exception-ttl": "disabled"}),
    wrong("unknown section", "did you mean levels", level={RULE: "advisory"}),
    wrong("unknown parameter", "did you mean maximum_rotation_days", parameters={RULE: {"maximum_rotation_day": 9}}),
    wrong("parameters no mapping", "is not a mapping of parameters", parameters={RULE: 3}),
    wrong("section no mapping", "policies.levels is not a mapping", levels=[RULE]),
    wrong("waivers no list", "policies.waivers is not a list", waivers={"a": 1}),
    wrong("waiver without owner", "policies.waivers[0].owner", waivers=[{**waiver(RULE, "*::key"), "owner": ""}]),
    wrong("waiver of no rule", "did you mean kms-rotation-window", waivers=[waiver("kms-rotation", "*::key")]),
    wrong("waiver of a guard", "cannot be waived", waivers=[waiver("exception-ttl", "*::shop")]),
    Sample(Case.NOT_APPLICABLE, "nothing configured", ()),
)
