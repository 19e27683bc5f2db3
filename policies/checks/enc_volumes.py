"""Rule `enc-volumes`: disks and file systems are encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from pydantic import Field

from policies.frameworks import EC2_3, EC2_7, EC2_181, EFS_1, EFS_8
from policies.keys import key_problem
from policies.regions import region_of
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.stack import Stack
from policies.tokens import EC2_INSTANCE, EC2_NODE_CLASS, FILE_SYSTEM, LAUNCH_TEMPLATE, NODE_GROUP, VOLUME
from policies.views import Node, Resource, Undetermined

SNAPSHOT_COPY: Final = "aws:ebs/snapshotCopy:SnapshotCopy"
LUSTRE: Final = "aws:fsx/lustreFileSystem:LustreFileSystem"
FSX: Final = (
    "aws:fsx/ontapFileSystem:OntapFileSystem",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
    "aws:fsx/windowsFileSystem:WindowsFileSystem",
)
STORAGE_CLASS: Final = "kubernetes:storage.k8s.io/v1:StorageClass"
ENCRYPTION_BY_DEFAULT: Final = "aws:ebs/encryptionByDefault:EncryptionByDefault"
DEFAULT_KEY: Final = "aws:ebs/defaultKmsKey:DefaultKmsKey"

# The EBS CSI driver, the one inside EKS Auto Mode, and the in-tree name that is migrated to the driver.
_EBS_PROVISIONERS: Final = ("ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "kubernetes.io/aws-ebs")


class VolumeEncryption(Parameters):
    """Parameters."""

    account_default: bool = Field(
        default=False,
        description=(
            "Whether EBS encryption by default, with an own key, is on in every region of the account although "
            "the stack does not switch it on; machines that state no volume pass then."
        ),
    )


@dataclass(slots=True)
class _Defaults:
    """EBS encryption by default, by region. `lost` says why the region of a setting is not known."""

    switches: dict[str | None, Resource] = field(default_factory=dict)
    keys: dict[str | None, Resource] = field(default_factory=dict)
    lost: list[Undetermined] = field(default_factory=list)


Judge = Callable[[Resource, VolumeEncryption], Outcomes]


def check(resource: Resource, parameters: VolumeEncryption) -> Outcomes:
    """Judge what holds data on disks, or says how machines get theirs."""
    yield from _JUDGES[resource.token](resource, parameters)


def _judge_root(resource: Resource, parameters: VolumeEncryption) -> Iterator[Outcome]:
    yield from _judge_disk(resource, resource.properties)
    if resource.token == VOLUME:
        yield from judge_each((resource,), _judge_region)


def _judge_fsx(resource: Resource, parameters: VolumeEncryption) -> Iterator[Outcome]:
    """Judge a file system that is always encrypted; only the key is to be chosen, and not for scratch space."""
    if resource.token != LUSTRE or (resource["deploymentType"].text() or "").startswith("PERSISTENT"):
        yield from _judge_key(resource, resource["kmsKeyId"])


def _judge_instance(instance: Resource, parameters: VolumeEncryption) -> Iterator[Outcome]:
    root = instance["rootBlockDevice"]
    disks = (*(() if root.missing else (root,)), *instance["ebsBlockDevices"].items())
    yield from judge_each(disks, partial(_judge_disk, instance))
    if root.missing and instance["launchTemplate"].missing:
        yield from judge_each((instance,), partial(_judge_unstated, parameters=parameters))
    yield from judge_each((instance,), _judge_region)


def _judge_template(template: Resource, parameters: VolumeEncryption) -> Iterator[Outcome]:
    disks = _mapped(template["blockDeviceMappings"])
    yield from judge_each(disks, partial(_judge_disk, template))
    if not disks:
        yield from judge_each((template,), partial(_judge_unstated, parameters=parameters))
    yield from judge_each((template,), _judge_region)


def _judge_node_group(group: Resource, parameters: VolumeEncryption) -> Iterator[Outcome]:
    if group["launchTemplate"].missing:
        yield from _judge_unstated(group, parameters)


def _judge_node_class(node_class: Resource, parameters: VolumeEncryption) -> Iterator[Outcome]:
    disks = _mapped(node_class.at("spec", "blockDeviceMappings"))
    if not disks and not parameters.account_default:
        yield Violation("spec.blockDeviceMappings names no volume, so nobody here chooses the key")
    yield from judge_each(disks, lambda disk: _judge_disk(node_class, disk, "kmsKeyID"))


def _judge_storage_class(storage: Resource, parameters: VolumeEncryption) -> Iterator[Outcome]:
    if storage["provisioner"].text() in _EBS_PROVISIONERS:
        yield from _judge_disk(storage, storage["parameters"])


def _judge_switch(switch: Resource, parameters: VolumeEncryption) -> Iterator[Outcome]:
    if switch["enabled"].truth() is False:
        yield Violation("enabled is false")
        return
    defaults = _defaults(switch.stack)
    if region_of(switch) not in defaults.keys:
        _raise_first(defaults.lost)
        yield Violation("the region has no DefaultKmsKey, so a key that AWS manages is used")


def _judge_default_key(key: Resource, parameters: VolumeEncryption) -> Iterator[Outcome]:
    yield from _judge_key(key, key["keyArn"])


def _judge_disk(resource: Resource, disk: Node, key: str = "kmsKeyId") -> Iterator[Outcome]:
    if not disk["encrypted"].truth():
        yield Violation(f"{disk['encrypted'].place} is not true")
        return
    yield from _judge_key(resource, disk[key])


def _judge_key(resource: Resource, node: Node) -> Iterator[Outcome]:
    problem = key_problem(resource, node)
    if problem:
        yield Violation(problem)


def _mapped(mappings: Node) -> tuple[Node, ...]:
    """EBS volumes of a list of block devices; others are virtual, or left out of the image's."""
    return tuple(mapping["ebs"] for mapping in mappings.items() if not mapping["ebs"].missing)


def _judge_unstated(resource: Resource, parameters: VolumeEncryption) -> Iterator[Outcome]:
    """Judge a machine whose volumes are those of its image, encrypted as the account has it by default."""
    if parameters.account_default:
        return
    defaults, region = _defaults(resource.stack), region_of(resource)
    switch = defaults.switches.get(region)
    if switch is None or region not in defaults.keys:
        _raise_first(defaults.lost)
        yield Violation("no volume is stated, and the stack does not switch EBS encryption with an own key on")
    elif switch["enabled"].truth() is False:
        yield Violation("no volume is stated, and EBS encryption by default is off")


def _judge_region(resource: Resource) -> Iterator[Outcome]:
    """Where the stack switches EBS encryption on by default, it does so wherever it has disks."""
    defaults = _defaults(resource.stack)
    if defaults.switches and region_of(resource) not in defaults.switches:
        _raise_first(defaults.lost)
        yield Violation("the stack switches EBS encryption on by default elsewhere, but not in this region")


def _defaults(stack: Stack) -> _Defaults:
    return stack.index("ebs encryption by default", lambda: _index(stack))


def _index(stack: Stack) -> _Defaults:
    result = _Defaults()
    for token, found in ((ENCRYPTION_BY_DEFAULT, result.switches), (DEFAULT_KEY, result.keys)):
        for resource in stack.of(token):
            try:
                found[region_of(resource)] = resource
            except Undetermined as doubt:
                result.lost.append(doubt)
    return result


def _raise_first(doubts: list[Undetermined]) -> None:
    if doubts:
        raise doubts[0]


_JUDGES: Final[dict[str, Judge]] = {
    VOLUME: _judge_root,
    SNAPSHOT_COPY: _judge_root,
    FILE_SYSTEM: _judge_root,
    LUSTRE: _judge_fsx,
    **dict.fromkeys(FSX, _judge_fsx),
    EC2_INSTANCE: _judge_instance,
    LAUNCH_TEMPLATE: _judge_template,
    NODE_GROUP: _judge_node_group,
    EC2_NODE_CLASS: _judge_node_class,
    STORAGE_CLASS: _judge_storage_class,
    ENCRYPTION_BY_DEFAULT: _judge_switch,
    DEFAULT_KEY: _judge_default_key,
}

RULE = Rule(
    id="enc-volumes",
    title="Disks and file systems are encrypted with a customer managed KMS key",
    description=(
        "EBS volumes and copies of snapshots, EFS and FSx file systems, the disks of instances, launch templates "
        "and Karpenter node classes, and storage classes of the EBS driver are encrypted with a customer managed "
        "key. Machines that state no disk need EBS encryption by default with a default key, in the same stack "
        "and region. Where a stack switches that default on, it does so in every region in which it has disks. "
        "Lustre scratch space, which takes no key, is not judged."
    ),
    effect="models, caches and swapped-out prompts lie readable on disks and in their snapshots",
    remedy=(
        "set encrypted and kmsKeyId of the disk; for disks of an image, add EncryptionByDefault and DefaultKmsKey "
        "of the region"
    ),
    topic=Topic.ENCRYPTION_AT_REST,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=tuple(_JUDGES),
    parameters=VolumeEncryption,
    check=check,
    frameworks=(EC2_3, EC2_7, EC2_181, EFS_1, EFS_8),
)
