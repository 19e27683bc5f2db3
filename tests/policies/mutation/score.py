"""Makes all mutants, lets the pack judge each, and says which survived.

Owns the comparison of what was found with what should have been, in both directions, and how the result is told.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from policies.findings import State
from policies.pack import RULES
from tests.policies.mutation.excused import ADVISED, UNEXERCISED
from tests.policies.mutation.fault import Fault, Mutant, mutants_of
from tests.policies.mutation.faults import all_faults
from tests.policies.mutation.judging import Finding, Judging
from tests.policies.mutation.recorded import clean

_IDS = tuple(rule.id for rule in RULES)
SHOWN = 3
AUDITED_EVERY = 150
"""Every so many mutants are judged whole, too: it must come to the same."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant: the rules that found it, and those that should have."""

    mutant: Mutant
    found: frozenset[str]
    findings: frozenset[Finding]

    @property
    def expected(self) -> frozenset[str]:
        return self.mutant.fault.expected(self.mutant.clean)

    @property
    def holds(self) -> bool:
        """Found by exactly the rules that should, or by none for a written reason."""
        return self.found == self.expected

    @property
    def deviation(self) -> str:
        """Which rules should have found it and did not, and the other way around."""
        missing, more = sorted(self.expected - self.found), sorted(self.found - self.expected)
        parts = [f"not found by {', '.join(missing)}"] if missing else []
        return "; ".join([*parts, *([f"also found by {', '.join(more)}"] if more else [])])


@dataclass(slots=True)
class Score:
    """All verdicts, and what else must not be.

    Attributes:
        verdicts: One a mutant.
        idle: Faults that nothing of the stack can have.
        differing: Mutants of which the whole pack says something else than what was judged again.
        audited: How many mutants were judged whole for that.
        clean: What is found in the clean stack.
        misnamed: Faults that name a rule that there is not.
        seconds: What tracing and judging took; the recording of the stack not included.
    """

    verdicts: list[Verdict] = field(default_factory=list)
    idle: list[Fault] = field(default_factory=list)
    differing: list[Mutant] = field(default_factory=list)
    audited: int = 0
    clean: frozenset[Finding] = frozenset()
    misnamed: list[tuple[Fault, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def wrong(self) -> Sequence[Verdict]:
        return [verdict for verdict in self.verdicts if not verdict.holds]

    @property
    def survivors(self) -> Sequence[Verdict]:
        """Mutants that nobody sees, for a written reason."""
        return [verdict for verdict in self.verdicts if verdict.holds and not verdict.expected]

    @property
    def exercised(self) -> frozenset[str]:
        """The rules that found a mutant."""
        return frozenset(rule.partition(" ")[0] for verdict in self.verdicts for rule in verdict.found)

    def lines(self) -> Iterator[str]:
        """The score, as it is printed."""
        caught = len(self.verdicts) - len(self.wrong) - len(self.survivors)
        scored = len(self.verdicts) - len(self.survivors)
        share = caught / scored if scored else 0.0
        exercised = sum(1 for rule in _IDS if rule in self.exercised)
        yield (
            f"mutation score {share:.1%}: {caught} of {scored} mutants found by exactly the rules that should, "
            f"{len(self.survivors)} more excused, in {self.seconds:.0f} s"
        )
        yield f"{exercised} of {len(_IDS)} rules exercised; {self.audited} mutants judged whole for comparison"
        for name, reason in sorted({(v.mutant.fault.name, v.mutant.fault.survives) for v in self.survivors}):
            yield f"excused: {name}: {reason}"
        for rule, reason in sorted(UNEXERCISED.items()):
            yield f"not exercised: {rule}: {reason}"

    def problems(self) -> Iterator[str]:
        """All that must not be; mutants of one fault that came to the same stand together."""
        yield from self._deviations()
        for rule in sorted(named(self.clean) - ADVISED.keys()):
            yield f"{rule}: finds something in the clean stack"
        for fault, rule in self.misnamed:
            yield f"{fault.name}: there is no rule {rule}"
        for fault in self.idle:
            yield f"{fault.name}, for {', '.join(fault.expected_anywhere)}: nothing in the stack can have this fault"
        for mutant in self.differing:
            yield f"{mutant.name}: the whole pack says something else"
        for rule in _IDS:
            if rule not in self.exercised and rule not in UNEXERCISED:
                yield f"{rule}: no mutant exercises the rule"
        for rule_id in ADVISED.keys() - named(self.clean):
            yield f"{rule_id}: excused in the clean stack, and finds nothing there"
        for rule_id in UNEXERCISED:
            if rule_id in self.exercised:
                yield f"{rule_id}: excused, although a mutant exercises it"

    def _deviations(self) -> Iterator[str]:
        deviating: dict[tuple[str, str], list[str]] = {}
        for verdict in self.wrong:
            deviating.setdefault((verdict.mutant.fault.name, verdict.deviation), []).append(verdict.mutant.where)
        for (name, deviation), places in deviating.items():
            shown = ", ".join(places[:SHOWN]) + (f" and {len(places) - SHOWN} more" if len(places) > SHOWN else "")
            yield f"{name}: {deviation}, on {shown}"


def named(findings: frozenset[Finding]) -> frozenset[str]:
    """The rules of some findings; one that could not judge, or failed, is no catch and is named so."""
    return frozenset(one.rule if one.state == State.VIOLATION else f"{one.rule} ({one.state})" for one in findings)


def score(*, words: Sequence[str] = ()) -> Score:
    """Judge every mutant, or those of the faults whose name or rules contain one of the words."""
    result = Score()
    recorded = clean()
    begun = time.perf_counter()
    judging = Judging(recorded)
    result.clean = judging.clean
    for fault in all_faults():
        text = " ".join((fault.name, *fault.expected_anywhere))
        if words and not any(word in text for word in words):
            continue
        result.misnamed += [(fault, rule) for rule in fault.expected_anywhere if rule.partition(" ")[0] not in _IDS]
        mutants = list(mutants_of(fault, judging.entries))
        if not mutants:
            result.idle.append(fault)
        for mutant in mutants:
            found = judging.judge(mutant.changes)
            result.verdicts.append(Verdict(mutant, named(found), found))
            if len(result.verdicts) % AUDITED_EVERY == 0:
                result.audited += 1
                if judging.judge_whole(mutant.changes) - judging.clean != found:
                    result.differing.append(mutant)
    result.seconds = time.perf_counter() - begun
    return result
