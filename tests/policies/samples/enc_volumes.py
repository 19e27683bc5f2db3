"""Samples of `enc-volumes`."""

from __future__ import annotations

from policies.checks.enc_volumes import DEFAULT_KEY, ENCRYPTION_BY_DEFAULT, FSX, LUSTRE, SNAPSHOT_COPY, STORAGE_CLASS
from policies.keys import KMS_KEY
from policies.tokens import EC2_INSTANCE, EC2_NODE_CLASS, FILE_SYSTEM, LAUNCH_TEMPLATE, NODE_GROUP, VOLUME
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Json, Sample

OWN = {"encrypted": True, "kmsKeyId": KEY_ARN}
HERE = {"region": "eu-west-1"}
SWITCH = Declared(ENCRYPTION_BY_DEFAULT, "volumes", {"enabled": True, **HERE})
KEY = Declared(DEFAULT_KEY, "volume-key", {"keyArn": KEY_ARN, **HERE})
BARE = Declared(LAUNCH_TEMPLATE, "nodes", {"imageId": "ami-0123456789", **HERE})


def template(ebs: Json, **needs: tuple[str, ...]) -> Declared:
    mappings = [{"deviceName": "/dev/xvda", "ebs": ebs}, {"deviceName": "/dev/sdc", "virtualName": "ephemeral0"}]
    return Declared(LAUNCH_TEMPLATE, "nodes", {"blockDeviceMappings": mappings, **HERE}, needs)


def node_class(*mappings: Json) -> Declared:
    return Declared(EC2_NODE_CLASS, "gpu", {"metadata": {"name": "gpu"}, "spec": {"blockDeviceMappings": [*mappings]}})


def storage(provisioner: str, **parameters: str) -> Declared:
    return Declared(STORAGE_CLASS, "gp3", {"provisioner": provisioner, "parameters": {"type": "gp3", **parameters}})


SAMPLES = (
    Sample(
        Case.ALLOWED,
        "own keys",
        (
            Declared(VOLUME, "data", {"availabilityZone": "eu-west-1a", "size": 100, **OWN}),
            Declared(FILE_SYSTEM, "shared", OWN),
            Declared(SNAPSHOT_COPY, "copy", OWN),
            Declared(LUSTRE, "cache", {"deploymentType": "PERSISTENT_2", "kmsKeyId": KEY_ARN}),
            Declared(FSX[1], "cache", {"kmsKeyId": KEY_ARN}),
            Declared(EC2_INSTANCE, "bastion", {"rootBlockDevice": OWN, "ebsBlockDevices": [OWN]}),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "texts of truth, as launch templates have them",
        (template({"encrypted": "true", "kmsKeyId": KEY_ARN}),),
    ),
    Sample(
        Case.ALLOWED,
        "nodes of the cluster",
        (
            node_class({"deviceName": "/dev/xvda", "ebs": {"encrypted": True, "kmsKeyID": KEY_ARN}}),
            storage("ebs.csi.aws.com", encrypted="true", kmsKeyId=KEY_ARN),
        ),
    ),
    Sample(Case.ALLOWED, "by default of the region", (SWITCH, KEY, BARE)),
    Sample(
        Case.ALLOWED,
        "managed nodes by default of the account",
        (Declared(NODE_GROUP, "nodes", HERE), BARE, node_class()),
        parameters={"account_default": True},
    ),
    Sample(
        Case.ALLOWED,
        "nodes and machines with a template",
        (
            template({"encrypted": "true", "kmsKeyId": KEY_ARN}),
            Declared(NODE_GROUP, "group", {"launchTemplate": {"id": "lt-1", "version": "1"}}),
            Declared(EC2_INSTANCE, "one", {"launchTemplate": {"id": "lt-1"}}),
        ),
    ),
    Sample(
        Case.RESOLVED,
        "key of the same stack",
        (
            Declared(KMS_KEY, "key", {}),
            template({"encrypted": "true", "kmsKeyId": UNKNOWN}, blockDeviceMappings=("key",)),
        ),
    ),
    Sample(Case.DISALLOWED, "plain volume", (Declared(VOLUME, "data", {"size": 100}),), ("encrypted is not true",)),
    Sample(
        Case.DISALLOWED,
        "file system with a key of AWS",
        (Declared(FILE_SYSTEM, "shared", {"encrypted": True}),),
        ("kmsKeyId is missing",),
    ),
    Sample(
        Case.DISALLOWED,
        "one disk of two",
        (Declared(EC2_INSTANCE, "bastion", {"rootBlockDevice": OWN, "ebsBlockDevices": [OWN, {"volumeSize": 10}]}),),
        ("ebsBlockDevices[1].encrypted is not true",),
    ),
    Sample(Case.DISALLOWED, "template", (template({"encrypted": "false"}),), ("ebs.encrypted is not true",)),
    Sample(Case.DISALLOWED, "disks of the image", (BARE,), ("no volume is stated, and the stack does not",)),
    Sample(Case.DISALLOWED, "machine of the image", (Declared(EC2_INSTANCE, "m", {}),), ("no volume is stated",)),
    Sample(
        Case.DISALLOWED, "managed nodes", (Declared(NODE_GROUP, "nodes", {"diskSize": 50}),), ("no volume is stated",)
    ),
    Sample(
        Case.DISALLOWED,
        "default is off",
        (Declared(ENCRYPTION_BY_DEFAULT, "volumes", {"enabled": False, **HERE}), KEY, BARE),
        ("enabled is false", "EBS encryption by default is off"),
    ),
    Sample(
        Case.DISALLOWED,
        "default with a key of AWS",
        (SWITCH, BARE),
        ("the region has no DefaultKmsKey", "no volume is stated"),
    ),
    Sample(
        Case.DISALLOWED,
        "default key of AWS",
        (Declared(DEFAULT_KEY, "k", {"keyArn": "arn:aws:kms:eu-west-1:111122223333:alias/aws/ebs"}),),
        ("a key that AWS manages",),
    ),
    Sample(
        Case.DISALLOWED,
        "default of one region only",
        (
            SWITCH,
            KEY,
            Declared(VOLUME, "data", {"region": "eu-north-1", **OWN}),
        ),
        ("but not in this region",),
    ),
    Sample(Case.DISALLOWED, "node class without disks", (node_class(),), ("blockDeviceMappings names no volume",)),
    Sample(
        Case.DISALLOWED,
        "node class with a key of AWS",
        (node_class({"ebs": {"encrypted": True}}),),
        ("ebs.kmsKeyID is missing",),
    ),
    Sample(Case.DISALLOWED, "storage class", (storage("ebs.csi.aws.com"),), ("parameters.encrypted is not true",)),
    Sample(
        Case.DISALLOWED,
        "Lustre that stays",
        (Declared(LUSTRE, "cache", {"deploymentType": "PERSISTENT_1"}),),
        ("kmsKeyId is missing",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown key does not hide a plain disk",
        (
            Declared(
                EC2_INSTANCE,
                "m",
                {"rootBlockDevice": {"encrypted": True, "kmsKeyId": UNKNOWN}, "ebsBlockDevices": [{"volumeSize": 1}]},
            ),
        ),
        ("ebsBlockDevices[0].encrypted is not true", "rootBlockDevice.kmsKeyId is not known"),
    ),
    Sample(
        Case.UNKNOWN,
        "default of nobody knows which region",
        (Declared(ENCRYPTION_BY_DEFAULT, "volumes", {"region": UNKNOWN}), KEY, BARE),
        ("region is not known", "region is not known"),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "takes no key, or is no disk of EBS",
        (Declared(LUSTRE, "scratch", {"deploymentType": "SCRATCH_2"}), storage("efs.csi.aws.com")),
    ),
)
