"""The Pulumi program: loads the stack's environment and blueprints, builds the platform, exports."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.serving_platform import ServingPlatform
from serving.blueprint.errors import InputError
from serving.planning.recovery import promise_of
from serving.workspace import CONFIG_KEY, load_workspace


def main() -> None:
    """Build the stack that Pulumi has selected."""
    configured = pulumi.Config().get_object(CONFIG_KEY)
    try:
        workspace = load_workspace(Path(__file__).parent, pulumi.get_stack(), configured)
    except InputError as error:
        raise pulumi.RunError(str(error)) from error
    environment = workspace.environment
    provider = aws.Provider("aws", region=environment.home_region.name, allowed_account_ids=[environment.account_id])
    platform = ServingPlatform(
        "serving",
        {"environment": environment, "blueprints": list(workspace.blueprints)},
        pulumi.ResourceOptions(providers=[provider]),
    )
    pulumi.export("urls", platform.urls)
    pulumi.export("name_servers", platform.name_servers)
    pulumi.export("recovery", [promise_of(environment, one).to_document() for one in workspace.blueprints])
    pulumi.export("overrides", [asdict(override) for override in workspace.overrides])


if __name__ == "__main__":
    main()
