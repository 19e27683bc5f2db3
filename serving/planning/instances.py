"""The machines that node groups are made of.

Owns a table of EC2 instance types: vCPUs, memory, accelerators and addresses for pods. Prices are not here: they
differ by region and change, machines do not. Types that are not in the table cannot be used in an environment, so
that capacity and cost are always computable.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from serving.blueprint.errors import ServingError
from serving.blueprint.schema.model import Accelerator


@dataclass(frozen=True, slots=True)
class InstanceType:
    """One EC2 instance type.

    Attributes:
        name: As EC2 calls it.
        vcpus: Virtual CPUs (threads).
        memory_gib: Memory, GiB.
        accelerator: The accelerator model; `none` on CPU machines.
        accelerators: How many of it.
        pod_addresses: Pods that its network interfaces have addresses for, one by one; the images of EKS reserve
            memory by it, also where prefixes give more addresses.
    """

    name: str
    vcpus: int
    memory_gib: int
    accelerator: Accelerator
    accelerators: int
    pod_addresses: int


class UnknownInstanceTypeError(ServingError, KeyError):
    """An instance type that the table does not have."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nearest: tuple[str, ...] = tuple(difflib.get_close_matches(name, INSTANCE_TYPES, n=3))
        nearest = f"; nearest: {', '.join(self.nearest)}" if self.nearest else ""
        super().__init__(
            f"instance type '{name}' is not in the table, so that neither its capacity nor its cost can be "
            f"computed{nearest}; families: {', '.join(FAMILIES)}"
        )

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would quote it


def instance_type(name: str) -> InstanceType:
    """The machine of that name.

    Raises:
        UnknownInstanceTypeError: it is not in the table; the error names the nearest ones.
    """
    try:
        return INSTANCE_TYPES[name]
    except KeyError:
        raise UnknownInstanceTypeError(name) from None


# name, vCPUs, memory in GiB, accelerator, accelerators, addresses for pods.
# Source: EC2 DescribeInstanceTypes (the API's answer, as recorded in moto 5.2's data; a test compares the two),
# read 2026-11. Addresses: interfaces of the default network card x (IPv4 addresses each - 1) + 2 (awslabs/
# amazon-eks-ami, nodeadm/internal/kubelet/eni_max_pods.go, copy of 2026-07, read 2026-11).
_ROWS: tuple[tuple[str, int, int, Accelerator, int, int], ...] = (
    ("g4dn.xlarge", 4, 16, Accelerator.NVIDIA_T4, 1, 29),
    ("g4dn.2xlarge", 8, 32, Accelerator.NVIDIA_T4, 1, 29),
    ("g4dn.4xlarge", 16, 64, Accelerator.NVIDIA_T4, 1, 29),
    ("g4dn.8xlarge", 32, 128, Accelerator.NVIDIA_T4, 1, 58),
    ("g4dn.12xlarge", 48, 192, Accelerator.NVIDIA_T4, 4, 234),
    ("g4dn.16xlarge", 64, 256, Accelerator.NVIDIA_T4, 1, 58),
    ("g5.xlarge", 4, 16, Accelerator.NVIDIA_A10G, 1, 58),
    ("g5.2xlarge", 8, 32, Accelerator.NVIDIA_A10G, 1, 58),
    ("g5.4xlarge", 16, 64, Accelerator.NVIDIA_A10G, 1, 234),
    ("g5.8xlarge", 32, 128, Accelerator.NVIDIA_A10G, 1, 234),
    ("g5.12xlarge", 48, 192, Accelerator.NVIDIA_A10G, 4, 737),
    ("g5.16xlarge", 64, 256, Accelerator.NVIDIA_A10G, 1, 234),
    ("g5.24xlarge", 96, 384, Accelerator.NVIDIA_A10G, 4, 737),
    ("g5.48xlarge", 192, 768, Accelerator.NVIDIA_A10G, 8, 345),
    ("g6.xlarge", 4, 16, Accelerator.NVIDIA_L4, 1, 58),
    ("g6.2xlarge", 8, 32, Accelerator.NVIDIA_L4, 1, 58),
    ("g6.4xlarge", 16, 64, Accelerator.NVIDIA_L4, 1, 234),
    ("g6.8xlarge", 32, 128, Accelerator.NVIDIA_L4, 1, 234),
    ("g6.12xlarge", 48, 192, Accelerator.NVIDIA_L4, 4, 234),
    ("g6.16xlarge", 64, 256, Accelerator.NVIDIA_L4, 1, 737),
    ("g6.24xlarge", 96, 384, Accelerator.NVIDIA_L4, 4, 737),
    ("g6.48xlarge", 192, 768, Accelerator.NVIDIA_L4, 8, 737),
    ("g6e.xlarge", 4, 32, Accelerator.NVIDIA_L40S, 1, 58),
    ("g6e.2xlarge", 8, 64, Accelerator.NVIDIA_L40S, 1, 58),
    ("g6e.4xlarge", 16, 128, Accelerator.NVIDIA_L40S, 1, 234),
    ("g6e.8xlarge", 32, 256, Accelerator.NVIDIA_L40S, 1, 234),
    ("g6e.12xlarge", 48, 384, Accelerator.NVIDIA_L40S, 4, 292),
    ("g6e.16xlarge", 64, 512, Accelerator.NVIDIA_L40S, 1, 737),
    ("g6e.24xlarge", 96, 768, Accelerator.NVIDIA_L40S, 4, 492),
    ("g6e.48xlarge", 192, 1536, Accelerator.NVIDIA_L40S, 8, 492),
    ("p4d.24xlarge", 96, 1152, Accelerator.NVIDIA_A100, 8, 737),
    ("p5.4xlarge", 16, 256, Accelerator.NVIDIA_H100, 1, 118),
    ("p5.48xlarge", 192, 2048, Accelerator.NVIDIA_H100, 8, 100),
    ("m6i.large", 2, 8, Accelerator.NONE, 0, 29),
    ("m6i.xlarge", 4, 16, Accelerator.NONE, 0, 58),
    ("m6i.2xlarge", 8, 32, Accelerator.NONE, 0, 58),
    ("m6i.4xlarge", 16, 64, Accelerator.NONE, 0, 234),
    ("m6i.8xlarge", 32, 128, Accelerator.NONE, 0, 234),
    ("m6i.12xlarge", 48, 192, Accelerator.NONE, 0, 234),
    ("m6i.16xlarge", 64, 256, Accelerator.NONE, 0, 737),
    ("m6i.24xlarge", 96, 384, Accelerator.NONE, 0, 737),
    ("m6i.32xlarge", 128, 512, Accelerator.NONE, 0, 737),
    ("m7i.large", 2, 8, Accelerator.NONE, 0, 29),
    ("m7i.xlarge", 4, 16, Accelerator.NONE, 0, 58),
    ("m7i.2xlarge", 8, 32, Accelerator.NONE, 0, 58),
    ("m7i.4xlarge", 16, 64, Accelerator.NONE, 0, 234),
    ("m7i.8xlarge", 32, 128, Accelerator.NONE, 0, 234),
    ("m7i.12xlarge", 48, 192, Accelerator.NONE, 0, 234),
    ("m7i.16xlarge", 64, 256, Accelerator.NONE, 0, 737),
    ("m7i.24xlarge", 96, 384, Accelerator.NONE, 0, 737),
    ("m7i.48xlarge", 192, 768, Accelerator.NONE, 0, 737),
    ("m7a.medium", 1, 4, Accelerator.NONE, 0, 8),
    ("m7a.large", 2, 8, Accelerator.NONE, 0, 29),
    ("m7a.xlarge", 4, 16, Accelerator.NONE, 0, 58),
    ("m7a.2xlarge", 8, 32, Accelerator.NONE, 0, 58),
    ("m7a.4xlarge", 16, 64, Accelerator.NONE, 0, 234),
    ("m7a.8xlarge", 32, 128, Accelerator.NONE, 0, 234),
    ("m7a.12xlarge", 48, 192, Accelerator.NONE, 0, 234),
    ("m7a.16xlarge", 64, 256, Accelerator.NONE, 0, 737),
    ("m7a.24xlarge", 96, 384, Accelerator.NONE, 0, 737),
    ("m7a.32xlarge", 128, 512, Accelerator.NONE, 0, 737),
    ("m7a.48xlarge", 192, 768, Accelerator.NONE, 0, 737),
    ("c7i.large", 2, 4, Accelerator.NONE, 0, 29),
    ("c7i.xlarge", 4, 8, Accelerator.NONE, 0, 58),
    ("c7i.2xlarge", 8, 16, Accelerator.NONE, 0, 58),
    ("c7i.4xlarge", 16, 32, Accelerator.NONE, 0, 234),
    ("c7i.8xlarge", 32, 64, Accelerator.NONE, 0, 234),
    ("c7i.12xlarge", 48, 96, Accelerator.NONE, 0, 234),
    ("c7i.16xlarge", 64, 128, Accelerator.NONE, 0, 737),
    ("c7i.24xlarge", 96, 192, Accelerator.NONE, 0, 737),
    ("c7i.48xlarge", 192, 384, Accelerator.NONE, 0, 737),
)

# name -> Elastic Fabric Adapters; one a network card, and the first card has room for it beside the node's own
# interface. Machines with accelerators only: what spans nodes needs them. Source: as above (EfaInfo).
EFA_INTERFACES: dict[str, int] = {
    **dict.fromkeys(("g4dn.8xlarge", "g4dn.12xlarge", "g4dn.16xlarge"), 1),
    **dict.fromkeys(("g5.8xlarge", "g5.12xlarge", "g5.16xlarge", "g5.24xlarge", "g5.48xlarge"), 1),
    **dict.fromkeys(("g6.8xlarge", "g6.12xlarge", "g6.16xlarge", "g6.24xlarge", "g6.48xlarge"), 1),
    **dict.fromkeys(("g6e.8xlarge", "g6e.12xlarge", "g6e.16xlarge"), 1),
    "g6e.24xlarge": 2,
    "g6e.48xlarge": 4,
    "p4d.24xlarge": 4,
    "p5.4xlarge": 1,
    "p5.48xlarge": 32,
}
"""Machines with accelerators that can be joined by a fabric, and with how many adapters."""

# Source: as above (SupportedUsageClasses)
CAPACITY_BLOCK_TYPES: frozenset[str] = frozenset({"p4d.24xlarge", "p5.4xlarge", "p5.48xlarge"})
"""Machines that Capacity Blocks for ML are sold of."""

# accelerator -> part -> parts of one accelerator. Those of a p4d (A100 with 40 GB) and a p5 (H100 with 80 GB); T4,
# A10G, L4 and L40S have no MIG. Source: NVIDIA Multi-Instance GPU User Guide, "Supported GPUs" and "Supported MIG
# Profiles", read 2026-11; without the profiles with media extensions, which one part of an accelerator can have.
MIG_PARTS: dict[Accelerator, dict[str, int]] = {
    Accelerator.NVIDIA_A100: {"1g.5gb": 7, "1g.10gb": 4, "2g.10gb": 3, "3g.20gb": 2, "4g.20gb": 1, "7g.40gb": 1},
    Accelerator.NVIDIA_H100: {"1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "4g.40gb": 1, "7g.80gb": 1},
}
"""Parts that an accelerator can be cut into."""

MIG_MODELS: dict[Accelerator, str] = {Accelerator.NVIDIA_A100: "a100.40gb", Accelerator.NVIDIA_H100: "h100.80gb"}
"""Names of accelerators in the settings of Bottlerocket (bottlerocket-core-kit, sources/nvidia-migmanager/README.md,
read 2026-11)."""

INSTANCE_TYPES: dict[str, InstanceType] = {row[0]: InstanceType(*row) for row in _ROWS}
"""All known instance types by name."""

FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(name.partition(".")[0] for name in INSTANCE_TYPES))
"""The families that the table covers, each with all of its virtual sizes."""
