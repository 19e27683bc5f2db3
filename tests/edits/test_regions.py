"""A further region is one block of configuration, and costs what the one before it cost."""

from __future__ import annotations

import copy
import itertools
from collections import Counter

from serving.preview.plan import Plan
from tests.edits.plans import Documents, planned

FURTHER = {"eu-west-3": "10.80.0.0/16", "eu-south-1": "10.96.0.0/16"}
SWITCH_PLAN = "aws:arcregionswitch/plan:Plan"
"""A plan has two regions: each second one needs a further plan."""


def with_regions(count: int) -> Plan:
    """The plan with so many active regions beside the shipped ones, each a copy of the second one's block."""

    def edit(documents: Documents) -> None:
        shipped = documents.regions[1]
        for name, cidr in list(FURTHER.items())[:count]:
            block = copy.deepcopy(shipped) | {"name": name, "cidr": cidr, "zones": [f"{name}{zone}" for zone in "abc"]}
            documents.regions.insert(-1, block)

    return planned(edit if count else None)


def test_each_further_region_costs_as_many_resources_as_the_one_before() -> None:
    counts = [Counter(resource.type for resource in with_regions(count).resources) for count in range(3)]
    first, second = (
        {kind: more[kind] - less[kind] for kind in more if kind != SWITCH_PLAN and more[kind] != less[kind]}
        for less, more in itertools.pairwise(counts)
    )
    assert first["aws:ec2/vpc:Vpc"] == 1
    assert first == second
