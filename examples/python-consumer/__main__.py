"""A model store in two regions with keys of its own, without the rest of the platform."""

import pulumi
import pulumi_aws as aws

from components import AccessLogBucket, EncryptionKeys, ModelStore
from serving.blueprint.tags import TagKey

ENVIRONMENT = "dev"
DATA_CLASS = "confidential"

config = pulumi.Config()
account_id = config.require("account_id")
home, replica = config.require("home_region"), config.require("replica_region")
regions = [home, replica]

tags: dict[str, str] = {
    TagKey.OWNER: "ml-platform",
    TagKey.COST_CENTER: "cc-4100",
    TagKey.DATA_CLASS: DATA_CLASS,
    TagKey.ENVIRONMENT: ENVIRONMENT,
    TagKey.SERVICE: "model-store",
    TagKey.TENANT: "platform",
    TagKey.TIER: "1",
    TagKey.MANAGED_BY: "model-store-only",
}

# components hand the provider down to all that they make
provider = aws.Provider("aws", region=home, allowed_account_ids=[account_id])
options = pulumi.ResourceOptions(providers=[provider])

keys = EncryptionKeys(
    "keys",
    {
        "environment": ENVIRONMENT,
        "account_id": account_id,
        "home_region": home,
        "regions": regions,
        "data_classes": [DATA_CLASS],
        "admin_role_arns": [f"arn:aws:iam::{account_id}:role/platform-admin"],
        "tags": tags,
    },
    options,
)
log_buckets = {
    region: AccessLogBucket(
        f"logs-{region}",
        {
            "environment": ENVIRONMENT,
            "account_id": account_id,
            "region": region,
            "retention_days": 90,
            "tags": tags,
        },
        options,
    )
    for region in regions
}
store = ModelStore(
    "models",
    {
        "environment": ENVIRONMENT,
        "account_id": account_id,
        "home_region": home,
        "replica_regions": [replica],
        "object_lock_mode": "GOVERNANCE",
        "object_lock_days": 30,
        "noncurrent_days": 30,
        "key_arns": {region: keys.arn(region, DATA_CLASS) for region in regions},
        "log_buckets": {region: bucket.name for region, bucket in log_buckets.items()},
        "tags": tags,
    },
    options,
)

pulumi.export("buckets", {region: store.bucket_name(region) for region in regions})
