"""A small pack of the SDK's own kind: one rule that stops, one that advises, one for the stack, one that mends."""

from __future__ import annotations

from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

Report = Any
"""What takes a message; the SDK's own type demands a URN, which it does not need."""


def named(args: ResourceValidationArgs, report: Report) -> None:
    """Buckets carry a prefix."""
    prefix = (args.get_config() or {}).get("prefix", "")
    if args.resource_type == "aws:s3/bucket:Bucket" and not args.props["bucket"].startswith(prefix):
        report(f"{args.props['bucket']} lacks the prefix\nremedy: rename the bucket")


def telling(args: ResourceValidationArgs, report: Report) -> None:
    """Quotes what it should not."""
    if args.resource_type == "aws:rds/instance:Instance":
        region = args.provider.props["region"] if args.provider else "nowhere"
        report(f"{args.name} in {region} has the password {args.props['password']}")


def counting(args: StackValidationArgs, report: Report) -> None:
    """Tells what the pack was given."""
    protected = [resource for resource in args.resources if resource.opts.protect]
    depending = [resource for resource in args.resources if resource.property_dependencies.get("bucket")]
    children = [resource for resource in args.resources if resource.parent]
    report(f"{len(protected)} protected, {len(depending)} depending, {len(children)} children")


def tagged(args: ResourceValidationArgs) -> dict[str, Any] | None:
    """Adds tags to keys."""
    if args.resource_type != "aws:kms/key:Key":
        return None
    return {**{key: args.props[key] for key in args.props}, "tags": {"owner": "demo"}}


PolicyPack(
    "demo",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy(
            "named",
            "Buckets are named",
            named,
            config_schema=PolicyConfigSchema({"prefix": {"type": "string", "default": "demo-"}}),
        ),
        ResourceValidationPolicy("telling", "Databases are told of", telling, EnforcementLevel.ADVISORY),
        StackValidationPolicy("counting", "Resources are counted", counting, EnforcementLevel.ADVISORY),
        ResourceValidationPolicy(
            "tagged",
            "Keys are tagged",
            remediate=tagged,  # type: ignore[arg-type]  # the SDK takes plain results, its types say awaitable ones
            enforcement_level=EnforcementLevel.DISABLED,
        ),
    ],
)
