"""What repositories of images have in common, whoever makes them.

Owns the denials in their policies and the role in which ECR makes repositories by itself: copies of
`components.artifact_registry`, and caches of `components.image_cache`.
"""

from collections.abc import Mapping, Sequence

import pulumi

from components.iam import (
    PLATFORM,
    Condition,
    Statement,
    create_role,
    denial,
    role_name,
    service_trust,
    when_permitted,
)

PUSH_ACTIONS = (
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)
DELETE_ACTIONS = ("ecr:BatchDeleteImage", "ecr:DeleteRepository")

NO_SERVICE = Condition("Bool", "aws:PrincipalIsAWSService", "false")
"""AWS services do their work whatever a denial says of people and roles."""


def refuse_other_accounts(account_id: str) -> Statement:
    """Whatever another policy grants them."""
    other = Condition("StringNotEquals", "aws:PrincipalAccount", account_id)
    return denial("RefuseOtherAccounts", ("ecr:*",), (), other, NO_SERVICE)


def create_template_role(
    parent: pulumi.Resource,
    logical_name: str,
    purpose: str,
    description: str,
    *,
    environment: str,
    repositories: Sequence[str],
    key_arns: Sequence[pulumi.Input[str]],
    tags: Mapping[str, str],
) -> pulumi.Output[str]:
    """Make the role that a creation template needs: ECR sets tags and keys of ours only in a role of ours.

    Args:
        parent: The component that owns the role.
        logical_name: Pulumi's name.
        purpose: Last part of the physical name.
        description: What it is for.
        environment: Environment; part of the physical name.
        repositories: ARNs, with wildcards, of the repositories that may be made.
        key_arns: Keys that encrypt them.
        tags: Its tags.

    Returns:
        Its ARN; whoever takes it waits for its permissions.
    """
    role, permissions = create_role(
        parent,
        logical_name,
        role_name(environment, f"{PLATFORM}{purpose}"),
        description=description,
        trust=service_trust("ecr.amazonaws.com"),  # ECR documents no source keys for it
        tags=tags,
        statements=[
            Statement(
                "MakeCopies", ("ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"), tuple(repositories)
            ),
            Statement("EncryptCopies", ("kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"), tuple(key_arns)),
        ],
    )
    return when_permitted(role, permissions)
