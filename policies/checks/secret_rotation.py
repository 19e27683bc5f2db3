"""Rule `secret-rotation`: secrets grow old nowhere, and are there where they are needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field

from policies.frameworks import SECRETS_MANAGER_1
from policies.regions import region_of
from policies.rule import Kind, Level, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import EKS_CLUSTER, SECRET
from policies.views import Node, Resource, Undetermined
from serving.blueprint.vocabulary import EnvironmentKind

ROTATION: Final = "aws:secretsmanager/secretRotation:SecretRotation"
# AWS Secrets Manager user guide, "Schedule expressions in Secrets Manager rotation", read 2026-11
_RATE: Final = re.compile(r"^rate\((\d{1,9}) (hour|day)s?\)$", re.ASCII)
_CRON: Final = re.compile(r"^cron\((?P<minutes>\S+) (?P<hours>\S+) (?P<day>\S+) (?P<month>\S+) (?P<weekday>\S+) \S+\)$")
_HOURS_PER_DAY: Final = 24
_LONGEST_MONTH_DAYS: Final = 31
_NEVER_DAYS: Final = 10_000


class Rotation(Parameters):
    """Parameters."""

    maximum_days: int = Field(default=90, ge=1, le=1_000, description="Most days between two rotations.")
    replicas_required: bool = Field(
        default=True, description="Whether a secret must be in every region in which the stack has a cluster."
    )
    exempt_names: tuple[str, ...] = Field(
        default=(),
        description="Patterns of names of secrets that somebody else issues, so that nothing can rotate them.",
    )


def check(secret: Resource, parameters: Rotation) -> Outcomes:
    """Judge one secret by its rotation and its replicas."""
    aspects: list[Callable[[Resource, Rotation], Outcomes]] = [_judge_rotation]
    if parameters.replicas_required:
        aspects.append(_judge_regions)
    yield from judge_each(aspects, lambda aspect: aspect(secret, parameters))


def _judge_rotation(secret: Resource, parameters: Rotation) -> Iterator[Outcome]:
    if parameters.exempt_names and _is_exempt(secret, parameters):
        return
    rotation = secret.stack.companions(secret, ROTATION, "secretId").one_or_doubt()
    if rotation is None:
        yield Violation("no SecretRotation rotates the secret")
        return
    if rotation["rotationEnabled"].truth() is False:
        yield Violation("rotationEnabled is false", rotation.urn)
        return
    node, days = _interval(rotation["rotationRules"])
    if days > parameters.maximum_days:
        yield Violation(
            f"{node.place} may leave more than {parameters.maximum_days} days between rotations", rotation.urn
        )


def _is_exempt(secret: Resource, parameters: Rotation) -> bool:
    name = secret["name"].text() or secret["namePrefix"].text() or secret.name
    return any(fnmatchcase(name, pattern) for pattern in parameters.exempt_names)


def _interval(rules: Node) -> tuple[Node, float]:
    """Most days between two rotations, and the property that says so."""
    days = rules["automaticallyAfterDays"].number()
    if days is not None:
        return rules["automaticallyAfterDays"], days
    expression = rules["scheduleExpression"]
    text = expression.text() or ""
    if rate := _RATE.match(text):
        return expression, int(rate[1]) / (_HOURS_PER_DAY if rate[2] == "hour" else 1)
    cron = _CRON.match(text)
    if cron and cron["month"] == "*":  # at least once in every month, whatever day it names
        return expression, _LONGEST_MONTH_DAYS
    return expression, _NEVER_DAYS


def _judge_regions(secret: Resource, parameters: Rotation) -> Iterator[Outcome]:
    stack = secret.stack
    regions, doubts = stack.index("regions of clusters", lambda: _cluster_regions(stack))
    if len(regions) + len(doubts) < 2:
        return
    own = region_of(secret)
    there = {own, *(replica["region"].text() for replica in secret["replicas"].items())}
    missing = sorted(regions - there)
    # Without a stated region it is in the region of the environment, which may be one of these
    if len(regions) > 1 and len(missing) > (own is None) and not _has_twins(secret, missing):
        yield Violation(f"replicas name no {', '.join(missing)}, where the stack has a cluster")
    elif doubts:
        raise doubts[0]


def _cluster_regions(stack: Stack) -> tuple[frozenset[str], tuple[Undetermined, ...]]:
    """Regions in which the stack has clusters, and why those of other clusters are not known."""
    found: set[str] = set()
    doubts: list[Undetermined] = []
    for cluster in stack.of(EKS_CLUSTER):
        try:
            found.add(region_of(cluster) or "")
        except Undetermined as doubt:
            doubts.append(doubt)
    return frozenset(found - {""}), tuple(doubts)


def _has_twins(secret: Resource, regions: list[str]) -> bool:
    """Whether secrets of the same name are made in those regions instead."""
    stack = secret.stack
    twins = stack.index("secrets by name", lambda: _regions_by_name(stack))
    name = secret["name"].text()
    return bool(name) and set(regions) <= twins.get(name or "", set())


def _regions_by_name(stack: Stack) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for secret in stack.of(SECRET):
        if not secret["name"].unknown and not secret["region"].unknown:
            found.setdefault(secret["name"].text() or "", set()).add(region_of(secret))
    return found


RULE = Rule(
    id="secret-rotation",
    title="Secrets are rotated, and are in every region that serves",
    description=(
        "Each secret of Secrets Manager has a SecretRotation whose schedule leaves at most the configured days; where "
        "the stack has clusters in several regions, it has a replica, or a secret of the same name, in each."
    ),
    effect="a secret that leaked long ago still opens the door, or a region cannot start when the other one is gone",
    remedy=(
        "add an aws.secretsmanager.SecretRotation with rotationRules.automaticallyAfterDays, and replicas for the "
        "other regions; name what cannot be rotated by the parameter exempt_names"
    ),
    topic=Topic.IDENTITY,
    kind=Kind.STACK,
    severity=Severity.MEDIUM,
    tokens=(SECRET,),
    parameters=Rotation,
    check=check,
    frameworks=(SECRETS_MANAGER_1,),
    level_in={EnvironmentKind.DEV: Level.ADVISORY},
)
