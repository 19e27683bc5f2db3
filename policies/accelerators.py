"""Accelerators of pods: which resources are devices, and how a container asks for one.

Owns the names under which device plugins offer devices, and the two ways to ask: a resource limit, or a claim.
It judges nothing.
"""

from __future__ import annotations

import re
from typing import Final

from policies.views import Node

# Names that the vendors' device plugins register; read 2026-11: NVIDIA k8s-device-plugin (gpu, mig-<profile>, and
# `.shared` where a device is time-sliced under another name), ROCm k8s-device-plugin, Intel device plugins, AWS
# Neuron, Habana, Google TPU.
_DEVICE: Final = re.compile(
    r"^(nvidia\.com/(gpu|mig-)|amd\.com/gpu|gpu\.intel\.com/|habana\.ai/gaudi|aws\.amazon\.com/neuron"
    r"|google\.com/tpu)",
    re.ASCII,
)
_TIME_SLICED: Final = ".shared"


def is_device(name: str) -> bool:
    """Whether a resource of that name is an accelerator."""
    return _DEVICE.match(name) is not None


def is_time_sliced(name: str) -> bool:
    """Whether several pods share the device by turns, without memory of their own."""
    return is_device(name) and name.endswith(_TIME_SLICED)


def devices(container: Node) -> dict[str, Node]:
    """Accelerators that a container asks for by name, and how many; a number that is missing or zero asks for none."""
    resources = container["resources"]
    asked = {**resources["requests"].entries(), **resources["limits"].entries()}
    return {name: node for name, node in asked.items() if is_device(name) and node.text() not in (None, "", "0")}


def claims(container: Node) -> tuple[Node, ...]:
    """Claims of devices that a container uses, by dynamic resource allocation."""
    return container.at("resources", "claims").items()
