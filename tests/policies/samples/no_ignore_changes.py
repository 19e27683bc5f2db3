"""Samples of `no-ignore-changes`."""

from __future__ import annotations

from policies.tokens import BUCKET, DEPLOYMENT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
PROVIDER = "pulumi:providers:aws"


def ignoring(*paths: str, token: str = BUCKET) -> Declared:
    return Declared(token, "one", {}, ignores=paths)


def provider(**inputs: object) -> Declared:
    settings: Json = {"region": "eu-west-1", **inputs}
    return Declared(PROVIDER, "aws", settings)


SAMPLES = (
    Sample(Case.ALLOWED, "desired size of nodes", (ignoring("scalingConfig.desiredSize", token=NODE_GROUP),)),
    Sample(Case.ALLOWED, "replicas that an autoscaler owns", (ignoring("spec.replicas", token=DEPLOYMENT),)),
    Sample(Case.ALLOWED, "columns", (ignoring("storageDescriptor.columns"),)),
    Sample(Case.ALLOWED, "provider", (provider(skipRegionValidation="true", insecure="false"),)),
    Sample(
        Case.ALLOWED,
        "an exception",
        (ignoring("version", token=NODE_GROUP),),
        parameters={"allowed": [f"{NODE_GROUP}/version"]},
    ),
    Sample(Case.DISALLOWED, "everything", (ignoring("*"),), ("ignoreChanges covers *",)),
    Sample(Case.DISALLOWED, "policy", (ignoring("policy"),), ("covers policy",)),
    Sample(Case.DISALLOWED, "tags", (ignoring("acl", "tags"),), ("covers tags",)),
    Sample(Case.DISALLOWED, "one tag", (ignoring('tags["owner"]'),), ("covers tags",)),
    Sample(
        Case.DISALLOWED,
        "key in a list",
        (ignoring("encryptionConfigurations[0].kmsKey"),),
        ("covers encryptionConfigurations[0].kmsKey",),
    ),
    Sample(Case.DISALLOWED, "whole spec", (ignoring("spec", token=DEPLOYMENT),), ("covers spec",)),
    Sample(
        Case.DISALLOWED,
        "image of a container",
        (ignoring("spec.template.spec.containers[0].image", token=DEPLOYMENT),),
        ("containers[0].image",),
    ),
    Sample(
        Case.DISALLOWED, "an unknown type", (ignoring("kmsKeyId", token="gcp:storage/bucket:Bucket"),), ("kmsKeyId",)
    ),
    Sample(Case.DISALLOWED, "insecure provider", (provider(insecure="true"),), ("insecure of the provider is true",)),
    Sample(
        Case.DISALLOWED,
        "provider that checks no credentials",
        (provider(skipCredentialsValidation=True),),
        ("skipCredentialsValidation of the provider is true",),
    ),
    Sample(
        Case.UNKNOWN,
        "setting of the provider",
        (provider(insecure=UNKNOWN, skipRequestingAccountId="true"),),
        ("skipRequestingAccountId of the provider is true", "insecure is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "no options", (Declared(BUCKET, "one", {"policy": "{}"}),)),
)
