"""How things are called in every rendering: types, values, paths, numbers.

Owns words and shortening, so that terminal, comment and page say the same. No layout here.
"""

from __future__ import annotations

import json
import sys
from typing import TypeGuard

from serving.blueprint.errors import KeyPath, format_path
from serving.preview.diff import Change, ResourceDiff
from serving.preview.plan import Plan, Violation
from serving.preview.properties import ABSENT, PropertyChange
from serving.preview.recording import Kind
from serving.preview.values import PlanValue, is_secret, is_unknown

NO_REGION = "global"
KNOWN_LATER = "(known after deployment)"
SECRET = "[secret]"  # noqa: S105  (what is shown in a secret's place)
_WAIVED = "waived"
_PROMISES = "recovery"  # the output that the table of recovery is made from
SYMBOLS = {Change.ADDED: "+", Change.REMOVED: "-", Change.REPLACED: "±", Change.CHANGED: "~"}
_BEFORE_DIFFERENCE = 20  # characters that two long texts share, shown before the first that differs
_LONGEST_VALUE = 120  # characters; what is longer is in the plan file


def short_type(token: str) -> str:
    """`aws:s3/bucket:Bucket` as `aws.s3.Bucket`, `kubernetes:apps/v1:Deployment` as it is, with dots."""
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    if package == "pulumi" and module == "providers":
        return f"provider {name}"
    head, _, last = module.rpartition("/")
    if last.lower() == name.lower():
        module = head
    return ".".join(part for part in (package, module, name) if part and part != "index")


def counted(number: int, one: str, many: str = "") -> str:
    """`1 resource`, `2 resources`, `1,024 resources`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def shown(value: PlanValue, longest: int = _LONGEST_VALUE) -> str:
    """A property value in one line."""
    if value is ABSENT:
        return "(none)"
    if is_unknown(value):
        return KNOWN_LATER
    if is_secret(value):
        return SECRET
    text = json.dumps(_plain(value), ensure_ascii=False, sort_keys=True)
    return _shortened(text, longest)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def shown_pair(before: PlanValue, after: PlanValue, longest: int = _LONGEST_VALUE) -> tuple[str, str]:
    """Two values, each in one line; of long ones what differs, not how both begin."""
    texts = [shown(value, sys.maxsize) for value in (before, after)]
    pairs = enumerate(zip(*texts, strict=False))
    same = next((place for place, (one, other) in pairs if one != other), min(map(len, texts)))
    begin = same - _BEFORE_DIFFERENCE
    if max(map(len, texts)) > longest and begin > 0:
        texts = ["…" + text[begin:] for text in texts]
    return _shortened(texts[0], longest), _shortened(texts[1], longest)


def is_record(value: PlanValue) -> TypeGuard[dict[str, PlanValue]]:
    """Whether a value is a mapping with something in it, and no marker."""
    return isinstance(value, dict) and bool(value) and not is_unknown(value) and not is_secret(value)


def _plain(value: PlanValue) -> PlanValue:
    """Markers inside a larger value as the words that people know."""
    if is_unknown(value):
        return KNOWN_LATER
    if is_secret(value):
        return SECRET
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def shown_path(path: KeyPath) -> str:
    """A property path; elements that are known by name stand in brackets."""
    text = ""
    for key in path:
        if isinstance(key, str) and "=" in key:
            text += f"[{key}]"
        else:
            text = format_path((text, key)) if text else format_path((key,))
    return text


def shown_change(change: PropertyChange) -> str:
    """`path: before → after`."""
    before, after = shown_pair(change.before, change.after)
    return f"{shown_path(change.path)}: {before} → {after}"


def headline(plan: Plan) -> str:
    """What the plan is of, and how large."""
    real = [resource for resource in plan.resources if resource.kind is not Kind.COMPONENT]
    regions = {resource.region for resource in real if resource.region}
    where = f" in {counted(len(regions), 'region')}" if regions else ""
    return f"{plan.project} / {plan.stack}: {counted(len(real), 'resource')}{where}"


def verdict(plan: Plan) -> str:
    """Whether it may be deployed, as far as this preview knows."""
    if plan.duplicates:
        return f"invalid: {counted(len(plan.duplicates), 'URN is', 'URNs are')} taken more than once"
    if plan.broken_promises:
        broken = counted(len(plan.broken_promises), "promise")
        return f"refused: {broken} of recovery not kept{_besides(plan)}"
    if plan.mandatory:
        rules = {violation.rule for violation in plan.mandatory}
        broken = counted(len(plan.mandatory), "mandatory violation")
        return f"refused: {broken} of {counted(len(rules), 'policy', 'policies')}{_lesser(plan)}"
    if plan.policy_pack is None:
        return "no policy was checked"
    return f"fine: no mandatory violation{_lesser(plan)}"


def _besides(plan: Plan) -> str:
    return f", {counted(len(plan.mandatory), 'mandatory violation')}" if plan.mandatory else ""


def shown_outputs(plan: Plan) -> dict[str, PlanValue]:
    """The stack's exports, without those that have a table of their own."""
    return {key: value for key, value in plan.outputs.items() if not (key == _PROMISES and plan.recovery)}


def _lesser(plan: Plan) -> str:
    """How many findings do not stop: what was waived is not what was only advised."""
    rest = [violation for violation in plan.violations if not violation.stops]
    waived = sum(violation.state == _WAIVED for violation in rest)
    counts = {"waived": waived, "advisory": len(rest) - waived}
    return "".join(f", {number:,} {word}" for word, number in counts.items() if number)


def judged(plan: Plan) -> str:
    """How many policies judged, and which were switched off."""
    disabled = ", ".join(plan.disabled_policies)
    return counted(plan.policies, "policy", "policies") + (f", disabled here: {disabled}" if disabled else "")


def is_link(url: str) -> bool:
    """Whether a policy's URL leads somewhere from any page; a path in the repository does not."""
    return url.startswith(("https://", "http://"))


def level_word(violation: Violation) -> str:
    """The level, or what the pack made of it."""
    if violation.state == _WAIVED and not violation.stops:
        return _WAIVED  # a mandatory rule's finding, too, arrives as an advisory one
    return violation.level if violation.state == "violation" else f"{violation.level}, {violation.state}"


def resource_name(urn: str) -> str:
    """The logical name and the short type of what a URN names."""
    _, _, qualified, name = urn.split("::", 3)
    return f"{name} ({short_type(qualified.rpartition('$')[2])})"


def warnings(diff: ResourceDiff) -> list[str]:
    """What a reviewer must not overlook in a change."""
    said = []
    if diff.blocked:
        said.append("PROTECTED: the engine refuses to delete it")
    if diff.retained and diff.change in {Change.REMOVED, Change.REPLACED}:
        said.append("retained: the real resource stays behind, unmanaged")
    return said
