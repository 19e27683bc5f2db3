"""What an environment chooses of its backups; how often and how long is the blueprints' to say."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from serving.blueprint.schema.base import Section

VaultArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:backup:[a-z0-9-]+:\d{12}:backup-vault:[A-Za-z0-9_-]{2,50}$")
]


class BackupSettings(Section):
    """Copies beyond the recovery region, and settings of the account."""

    copy_vault_arns: tuple[VaultArn, ...] = Field(
        default=(),
        max_length=4,
        description="Vaults in other accounts that get a copy of every backup; their policies must admit this account.",
    )
    manage_region_settings: bool = Field(
        default=True,
        description="Whether this stack opts its regions in to what it backs up; one stack an account should.",
    )
