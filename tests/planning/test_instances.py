"""The table of machines agrees with what EC2 says of them."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path
from typing import Any

import moto
import pytest

from serving.blueprint.schema.model import Accelerator
from serving.planning.instances import (
    CAPACITY_BLOCK_TYPES,
    EFA_INTERFACES,
    FAMILIES,
    INSTANCE_TYPES,
    UnknownInstanceTypeError,
    instance_type,
)


@functools.cache
def recorded() -> dict[str, Any]:
    """The answer of EC2 DescribeInstanceTypes, as moto ships it."""
    path = Path(moto.__file__).parent / "ec2" / "resources" / "instance_types.json.gz"
    return dict(json.loads(gzip.decompress(path.read_bytes())))


def test_every_machine_is_as_ec2_describes_it() -> None:
    for name, machine in INSTANCE_TYPES.items():
        facts = recorded()[name]
        assert machine.vcpus == facts["VCpuInfo"]["DefaultVCpus"], name
        assert machine.memory_gib * 1024 == facts["MemoryInfo"]["SizeInMiB"], name
        accelerators = facts.get("GpuInfo", {}).get("Gpus", [])
        assert machine.accelerators == sum(one["Count"] for one in accelerators), name
        found = {f"nvidia-{one['Name'].lower()}" for one in accelerators} or {Accelerator.NONE.value}
        assert {machine.accelerator.value} == found, name
        assert machine.pod_addresses == pod_addresses(facts["NetworkInfo"]), name


def pod_addresses(network: dict[str, Any]) -> int:
    """As the images of EKS count: interfaces of the default card, one address of each for itself, and two host pods."""
    cards = {card["NetworkCardIndex"]: card["MaximumNetworkInterfaces"] for card in network["NetworkCards"]}
    interfaces = cards[network.get("DefaultNetworkCardIndex", 0)]
    return int(interfaces * (network["Ipv4AddressesPerInterface"] - 1) + 2)


def test_machines_with_accelerators_have_the_fabric_adapters_that_ec2_describes() -> None:
    found = {
        name: recorded()[name]["NetworkInfo"]["EfaInfo"]["MaximumEfaInterfaces"]
        for name, machine in INSTANCE_TYPES.items()
        if machine.accelerators and recorded()[name]["NetworkInfo"].get("EfaSupported")
    }
    assert found == EFA_INTERFACES


def test_a_fabric_adapter_has_a_network_card_and_the_first_card_has_room_for_two() -> None:
    for name, adapters in EFA_INTERFACES.items():
        cards = {card["NetworkCardIndex"]: card for card in recorded()[name]["NetworkInfo"]["NetworkCards"]}
        assert set(range(adapters)) <= set(cards), name
        assert cards[0]["MaximumNetworkInterfaces"] >= 2, name
        assert all("efa-only" in cards[card]["InterfaceTypes"] for card in range(adapters)), name


def test_blocks_are_sold_of_the_machines_that_ec2_says() -> None:
    assert {name for name in INSTANCE_TYPES if "capacity-block" in recorded()[name]["SupportedUsageClasses"]} == (
        CAPACITY_BLOCK_TYPES
    )


def test_every_virtual_size_of_a_covered_family_is_there() -> None:
    sizes = {name for name in recorded() if name.partition(".")[0] in FAMILIES and "metal" not in name}
    assert sizes == set(INSTANCE_TYPES)


def test_every_accelerator_that_a_blueprint_may_ask_for_has_a_machine() -> None:
    assert {machine.accelerator for machine in INSTANCE_TYPES.values()} == set(Accelerator)


def test_every_machine_runs_the_images_of_the_node_groups() -> None:
    """Node groups use the x86_64 images of EKS."""
    assert all("x86_64" in recorded()[name]["ProcessorInfo"]["SupportedArchitectures"] for name in INSTANCE_TYPES)


@pytest.mark.parametrize("name", sorted(INSTANCE_TYPES)[::20])
def test_a_known_machine_is_found_by_name(name: str) -> None:
    assert instance_type(name).name == name


def test_an_unknown_machine_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(UnknownInstanceTypeError) as caught:
        instance_type("g6.xlrage")
    assert "g6.xlarge" in caught.value.nearest
    assert "g6.xlarge" in str(caught.value)
    assert isinstance(caught.value, KeyError)
