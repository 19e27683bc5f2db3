"""The comparison of the pack with the outside scanner, without the scanner: what it blames, and what it lets pass."""

from __future__ import annotations

from collections.abc import Iterable

from tests.outside.agreement import Agreement, Case, blame, compare
from tests.outside.same import DIFFERENCES, SAME
from tests.outside.scan import Scan
from tests.outside.waivers import Failure
from tests.policies.mutation.fault import Fault, Mutant, remove
from tests.policies.mutation.recorded import Entry

RULE, CHECK = "eks-control-logs", "CKV_AWS_37"
CLUSTER = Entry("aws:eks/cluster:Cluster", "urn:pulumi:prod::shop::aws:eks/cluster:Cluster::c", "c", {})
FAULT = Fault("one kind of log fewer", CLUSTER.type, remove, (RULE,))


def case(*found: str, shown: bool = True) -> Case:
    return Case(0, Mutant(FAULT, CLUSTER, "", None), frozenset(found), shown=shown)


def scanned(*failed: str) -> Scan:
    return Scan("mutants", {}, 0, 0, [Failure("mutants", CHECK, address) for address in failed])


def told(cases: Iterable[Case]) -> list[str]:
    return [line for line in compare(list(cases)).problems() if FAULT.name in line]


def test_a_check_is_blamed_on_the_copy_that_it_fails_on_alone() -> None:
    one = case()
    blame([one], [scanned("aws_eks_cluster.c-mutant-0")])
    assert one.failed == {CHECK}
    one = case()
    blame([one], [scanned("aws_eks_cluster.c-mutant-0", "aws_eks_cluster.c")])
    assert one.failed == set()


def test_what_one_of_the_two_finds_is_a_problem_unless_a_reason_is_given() -> None:
    both, ours, theirs = case(RULE), case(RULE), case()
    both.failed = theirs.failed = {CHECK}
    assert told([both]) == []
    assert compare([both]).agreed == {(RULE, CHECK): 1}
    [line] = told([ours])
    assert "only the pack" in line
    [line] = told([theirs])
    assert "only checkov" in line


def test_what_cannot_be_shown_is_not_compared() -> None:
    assert told([case(RULE, shown=False)]) == []


def test_a_reason_that_nothing_needs_and_a_check_that_never_fails_are_problems() -> None:
    problems = list(Agreement().problems())
    faults = sum(len(faults) for one in DIFFERENCES for faults in one.faults.values())
    checks = sum(len(checks) for checks in SAME.values())
    assert len(problems) == faults + checks
