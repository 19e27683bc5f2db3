"""The bootstrap stack: the bucket and the keys of Pulumi's own state, before there is any other stack."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.state_backend import StateBackend
from serving.blueprint.errors import InputError
from serving.blueprint.tags import PLATFORM_SERVICE, TagKey

ENVIRONMENT = "state"
_KEPT_DAYS = 365

_TAGS: dict[str, str] = {
    TagKey.DATA_CLASS: "confidential",
    TagKey.ENVIRONMENT: ENVIRONMENT,
    TagKey.SERVICE: PLATFORM_SERVICE,
    TagKey.TENANT: PLATFORM_SERVICE,
    TagKey.TIER: "0",
    TagKey.MANAGED_BY: "serving-bootstrap",
}


def main() -> None:
    """Build the backend."""
    config = pulumi.Config()
    account_id, home = config.require("account_id"), config.require("home_region")
    tags = {TagKey.OWNER: config.require("owner"), TagKey.COST_CENTER: config.require("cost_center"), **_TAGS}
    provider = aws.Provider("aws", region=home, allowed_account_ids=[account_id])
    try:
        backend = StateBackend(
            "state",
            {
                "environment": ENVIRONMENT,
                "account_id": account_id,
                "home_region": home,
                "replica_region": config.require("replica_region"),
                "operator_role_arns": config.require_object("operator_role_arns"),
                "admin_role_arns": config.require_object("admin_role_arns"),
                "noncurrent_days": _KEPT_DAYS,
                "log_retention_days": _KEPT_DAYS,
                "lock_changeable_for_days": 3,
                "tags": tags,
            },
            pulumi.ResourceOptions(providers=[provider]),
        )
    except InputError as error:
        raise pulumi.RunError(str(error)) from error
    pulumi.export("login_url", backend.login_url)
    pulumi.export("secrets_provider", backend.secrets_provider)
    pulumi.export("operator_policy_arn", backend.operator_policy_arn)


if __name__ == "__main__":
    main()
