"""What an environment chooses of its backups; how often and how long is the blueprints' to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from serving.blueprint.environment.regions import Region, RegionRole
from serving.blueprint.environment.scalars import KeyArn
from serving.blueprint.errors import Finding
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
    air_gapped_vault: bool = Field(
        default=False,
        description="Whether backups of services of tier 0 are also copied to a vault that nobody can empty, in the "
        "recovery region; what is in it is paid for until its retention ends.",
    )
    air_gap_key_arn: KeyArn | None = Field(
        default=None,
        description="Key of that vault, best one of another account; by default a key of AWS, which nobody in this "
        "account can withdraw.",
    )
    manage_region_settings: bool = Field(
        default=True,
        description="Whether this stack opts its regions in to what it backs up; one stack an account should.",
    )


def air_gap_findings(backup: BackupSettings, regions: Sequence[Region]) -> Iterator[Finding]:
    """Whether the air-gapped vault has a place, and its key a vault."""
    if backup.air_gapped_vault and all(region.role is not RegionRole.RECOVERY for region in regions):
        yield Finding(
            ("backup", "air_gapped_vault"),
            "there is no region for the air-gapped vault",
            effect="its backups would be lost with the region whose data they hold",
            remedy="add a region with role: recovery, or leave air_gapped_vault out",
        )
    if backup.air_gap_key_arn is not None and not backup.air_gapped_vault:
        yield Finding(
            ("backup", "air_gap_key_arn"),
            "a key for an air-gapped vault that is not there",
            effect="nothing would be encrypted by it",
            remedy="state air_gapped_vault: true, or leave the key out",
        )
