"""Samples of `data-residency`."""

from __future__ import annotations

from policies.tokens import (
    BACKUP_PLAN,
    BUCKET,
    BUCKET_REPLICATION,
    DYNAMODB_TABLE,
    ENDPOINT_GROUP,
    REGISTRY_REPLICATION,
    SECRET,
    TABLE_REPLICA,
)
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

VAULT = "aws:backup/vault:Vault"
IN_EU = {"allowed_regions": ["eu-west-1", "eu-central-1"]}
CLASS = {"tags": {"data-class": "restricted"}}


def table(*replicas: str, data_class: str = "restricted") -> Declared:
    return Declared(
        DYNAMODB_TABLE,
        "people",
        {
            "name": "people",
            "region": "eu-west-1",
            "tags": {"data-class": data_class},
            "replicas": [{"regionName": region} for region in replicas],
        },
    )


def bucket(name: str, region: str) -> Declared:
    return Declared(BUCKET, name, {"bucket": f"acme-{name}", "region": region, **CLASS})


def replication(target: str, **needs: tuple[str, ...]) -> Declared:
    rules = [{"status": "Enabled", "destination": {"bucket": target}}]
    return Declared(BUCKET_REPLICATION, "copies", {"bucket": "acme-models", "role": "arn:r", "rules": rules}, needs)


def plan(vault: str, **needs: tuple[str, ...]) -> Declared:
    rule = {"ruleName": "daily", "targetVaultName": "here", "copyActions": [{"destinationVaultArn": vault}]}
    return Declared(BACKUP_PLAN, "daily", {"region": "eu-west-1", "rules": [rule], **CLASS}, needs)


def registry(region: str) -> Declared:
    rules = [{"destinations": [{"region": region, "registryId": "111122223333"}]}]
    return Declared(REGISTRY_REPLICATION, "images", {"replicationConfiguration": {"rules": rules}})


TO_US = "takes data of this class from eu to us"

SAMPLES = (
    Sample(Case.ALLOWED, "copies of the same law", (table("eu-north-1"),)),
    Sample(Case.ALLOWED, "a class that may go anywhere", (table("us-east-1", data_class="public"),)),
    Sample(Case.ALLOWED, "in allowed regions", (table("eu-central-1"), registry("eu-central-1")), parameters=IN_EU),
    Sample(
        Case.ALLOWED,
        "backups",
        (plan("arn:aws:backup:eu-north-1:111122223333:backup-vault:copies"),),
    ),
    Sample(
        Case.ALLOWED,
        "what must be elsewhere, and what is nowhere",
        (
            Declared("aws:acm/certificate:Certificate", "cdn", {"region": "us-east-1"}),
            Declared("aws:iam/role:Role", "role", {}),
        ),
        parameters=IN_EU,
    ),
    Sample(
        Case.RESOLVED,
        "buckets and vaults of the stack",
        (
            bucket("models", "eu-west-1"),
            bucket("copy", "eu-north-1"),
            replication(UNKNOWN, rules=("copy",)),
            Declared(VAULT, "vault", {"region": "eu-north-1"}),
            plan(UNKNOWN, rules=("vault",)),
        ),
    ),
    Sample(Case.DISALLOWED, "replica of a table", (table("eu-north-1", "us-east-1"),), (TO_US,)),
    Sample(
        Case.DISALLOWED,
        "replica that is a resource of its own",
        (
            table(),
            Declared(
                TABLE_REPLICA,
                "copy",
                {"globalTableArn": UNKNOWN, "region": "us-east-1"},
                {"globalTableArn": ("people",)},
            ),
        ),
        (TO_US,),
    ),
    Sample(
        Case.DISALLOWED,
        "replica of a secret",
        (Declared(SECRET, "token", {"region": "eu-west-1", "replicas": [{"region": "us-west-2"}], **CLASS}),),
        (TO_US,),
    ),
    Sample(
        Case.DISALLOWED,
        "replica of a bucket",
        (bucket("models", "eu-west-1"), bucket("copy", "us-east-1"), replication("arn:aws:s3:::acme-copy")),
        (TO_US,),
    ),
    Sample(
        Case.DISALLOWED,
        "copy of a backup",
        (plan("arn:aws:backup:eu-west-2:111122223333:backup-vault:copies"),),
        ("takes data of this class from eu to uk",),
    ),
    Sample(
        Case.DISALLOWED,
        "region not allowed",
        (bucket("models", "us-east-1"),),
        ("which is not allowed",),
        parameters=IN_EU,
    ),
    Sample(
        Case.DISALLOWED,
        "registry and traffic",
        (registry("us-east-1"), Declared(ENDPOINT_GROUP, "us", {"endpointGroupRegion": "us-east-1"})),
        ("leads to a region", "leads to a region"),
        parameters=IN_EU,
    ),
    Sample(Case.UNKNOWN, "replica", (table(UNKNOWN, "us-east-1"),), ("regionName is not known", TO_US)),
    Sample(Case.UNKNOWN, "vault of nobody knows where", (plan(UNKNOWN),), ("destinationVaultArn is not known",)),
    Sample(Case.NOT_APPLICABLE, "nothing of AWS", (Declared("random:index/randomId:RandomId", "id", {}),)),
)
