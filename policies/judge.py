"""How rules become findings.

Owns the wrapping of every rule: what is unknown is a finding (fail closed), an exception in a rule is a
finding against that rule, a secret never reaches a message, levels and waivers are applied. It decides
nothing about resources and knows no protocol.

Resource rules see one resource at a time, before anything is known of what it depends on. Where such a rule
meets an unknown, its verdict waits for the stack: there, a key that is not known yet can be followed to the
key resource of the same stack. What still cannot be judged then is reported as undetermined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, TypeVar

from policies.findings import Report, State
from policies.levels import Settings
from policies.rule import (
    ANY_TYPE,
    Doubt,
    Kind,
    Level,
    Outcome,
    Outcomes,
    Parameters,
    Rule,
    Violation,
    unreadable,
)
from policies.stack import Stack
from policies.views import Malformed, Resource, Undetermined
from policies.waivers import WaiverUse
from serving.blueprint.errors import format_path

T = TypeVar("T")

_SHORTEST_SCRUBBED: Final = 4
"""Replacing shorter secrets would garble every message; `Node.shown` masks those all the same."""


class Judge:
    """Applies the rules to one stack, resource by resource and then as a whole."""

    def __init__(self, rules: Iterable[Rule[Any]], settings: Settings, today: date) -> None:
        self._rules = tuple(rule for rule in rules if settings.level(rule.id) is not Level.DISABLED)
        self._settings = settings
        self._today = today
        self._uses = tuple(WaiverUse(waiver) for waiver in settings.waivers)
        self._by_token: dict[str, tuple[Rule[Any], ...]] = {}
        self._seen: dict[str, Resource] = {}
        self._stack: Stack | None = None
        self._deferred: list[tuple[Rule[Any], str]] = []
        self._reported: set[tuple[str, str, str]] = set()

    def judge_resource(self, resource: Resource) -> list[Report]:
        """Findings of the resource rules. What is unknown waits for `judge_stack`.

        A resource that comes after the stack is judged with it: waiting any longer would be silence.
        """
        self._seen[resource.urn] = resource
        known = self._stack.get(resource.urn) if self._stack is not None else None
        if known is not None:
            known.judge_by(resource)
            resource = known
        reports: list[Report] = []
        for rule in self._resource_rules(resource.token):
            outcomes = self._check(rule, resource)
            if not outcomes:
                continue
            if self._stack is None and any(isinstance(outcome, Doubt) for outcome in outcomes):
                self._deferred.append((rule, resource.urn))
                outcomes = [outcome for outcome in outcomes if isinstance(outcome, Violation)]
            reports += self._reports(rule, outcomes, resource.urn, _Secrets((resource,)))
        self._reported.update((report.rule, report.urn, report.text) for report in reports)
        return reports

    def judge_stack(self, resources: Sequence[Resource]) -> list[Report]:
        """Findings of the stack rules, and of the resource rules that had to wait."""
        for resource in resources:
            if resource.urn in self._seen:
                resource.judge_by(self._seen[resource.urn])
        stack = Stack(
            tuple(resources),
            self._uses,
            tuple(self._settings.mistakes),
            self._settings.levels,
            self._settings.silences,
            self._settings.tags,
            self._settings.kind,
            self._today,
        )
        self._stack = stack
        secrets = _Secrets(stack.resources)
        reports = [*self._judge_deferred(stack), *self._judge_stack_rules(stack, secrets, last=False)]
        reports += self._judge_stack_rules(stack, secrets, last=True)
        return reports

    def _judge_deferred(self, stack: Stack) -> Iterator[Report]:
        waiting, self._deferred = self._deferred, []
        for rule, urn in waiting:
            resource = stack.get(urn) or self._seen[urn]
            for report in self._reports(rule, self._check(rule, resource), urn, _Secrets((resource,))):
                if (report.rule, report.urn, report.text) not in self._reported:
                    yield report

    def _judge_stack_rules(self, stack: Stack, secrets: _Secrets, *, last: bool) -> Iterator[Report]:
        for rule in self._rules:
            if rule.kind is not Kind.STACK or rule.runs_last is not last:
                continue
            if rule.check is None:
                yield from self._reports(rule, self._check_whole(rule, stack), stack.root_urn, secrets)
                continue
            for resource in stack.resources if ANY_TYPE in rule.tokens else stack.of(*rule.tokens):
                yield from self._reports(rule, self._check(rule, resource), resource.urn, secrets)

    def _resource_rules(self, token: str) -> tuple[Rule[Any], ...]:
        if token not in self._by_token:
            self._by_token[token] = tuple(
                rule for rule in self._rules if rule.kind is Kind.RESOURCE and rule.judges(token)
            )
        return self._by_token[token]

    def _check(self, rule: Rule[Any], resource: Resource) -> list[Outcome | Exception]:
        assert rule.check is not None  # noqa: S101  (narrows the type; `Rule` holds it)
        return _caught(rule.check, resource, self._settings.parameters[rule.id])

    def _check_whole(self, rule: Rule[Any], stack: Stack) -> list[Outcome | Exception]:
        assert rule.check_stack is not None  # noqa: S101
        return _caught(rule.check_stack, stack, self._settings.parameters[rule.id])

    def _reports(
        self, rule: Rule[Any], outcomes: Iterable[Outcome | Exception], urn: str, secrets: _Secrets
    ) -> list[Report]:
        reports: dict[tuple[str, str], Report] = {}
        for outcome in outcomes:
            report = self._waived(self._report(rule, outcome, urn))
            report = replace(report, text=secrets.scrub(report.text))
            if report.level is not Level.DISABLED:
                reports.setdefault((report.urn, report.text), report)
        return list(reports.values())

    def _report(self, rule: Rule[Any], outcome: Outcome | Exception, urn: str) -> Report:
        strict = self._settings.undetermined_level(rule.id)
        if isinstance(outcome, Violation):
            state, level = State.VIOLATION, self._settings.level(rule.id)
            text, remedy = f"{outcome.message}: {rule.effect}", outcome.remedy or rule.remedy
        elif isinstance(outcome, Doubt):
            state, level = State.UNDETERMINED, strict
            text = f"{format_path(outcome.path)} is not known before deployment; the rule is: {rule.title}"
            remedy = "state the value in the program, or take it from a resource of this stack"
        else:
            state, level = State.ERROR, strict
            text = f"the rule failed with {type(outcome).__name__}, so nothing is known about this resource"
            remedy = f"report it as a mistake of the policy pack; until then set policies.levels.{rule.id}"
        level = Level.MANDATORY if level is Level.REMEDIATE else level
        place = urn if isinstance(outcome, Exception) else outcome.urn or urn
        return Report(rule.id, rule.title, rule.severity, level, state, place, text, remedy)

    def _waived(self, report: Report) -> Report:
        if report.state is State.ERROR:
            return report
        for use in self._uses:
            if use.waiver.covers(report.rule, report.urn):
                use.urns.add(report.urn)
                if use.waiver.holds(self._today):
                    waiver = use.waiver
                    text = f"{waiver.expires} by {waiver.owner} ({waiver.ticket}): {report.text}"
                    return replace(report, state=State.WAIVED, level=Level.ADVISORY, text=text)
        return report


def _caught(check: Callable[[T, Any], Outcomes], judged: T, parameters: Parameters) -> list[Outcome | Exception]:
    """The outcomes of a rule; an exception in it becomes its last outcome."""
    found: list[Outcome | Exception] = []
    try:
        for outcome in check(judged, parameters):
            found.append(outcome)  # noqa: PERF402  (one by one: what came before an exception counts)
    except Exception as error:  # noqa: BLE001  (whatever a rule does, the other rules must still judge)
        found.append(unreadable(error) if isinstance(error, (Undetermined, Malformed)) else error)
    return found


class _Secrets:
    """Every secret of some resources; collected only when there is a message to scrub."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = resources
        self._texts: tuple[str, ...] | None = None

    def scrub(self, text: str) -> str:
        """The text without any of the secrets, the longest first."""
        if self._texts is None:
            found = {secret for resource in self._resources for secret in resource.secrets}
            long = (secret for secret in found if len(secret) >= _SHORTEST_SCRUBBED)
            self._texts = tuple(sorted(long, key=lambda secret: (-len(secret), secret)))
        for secret in self._texts:
            text = text.replace(secret, "[secret]")
        return text
