"""Encryption keys that are there already: whose they are, and that none is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from serving.blueprint.environment.regions import Region
from serving.blueprint.environment.scalars import AwsRegion, KeyArn
from serving.blueprint.errors import Finding
from serving.blueprint.schema.base import Section
from serving.blueprint.vocabulary import DataClass


class Keys(Section):
    """Keys that are there already. Nothing is made of them or in their place; their policies are their owner's."""

    existing: dict[AwsRegion, dict[DataClass, KeyArn]] = Field(
        default_factory=dict, description="Region -> data class -> key that is there already; made here by default."
    )
    existing_metrics: dict[AwsRegion, KeyArn] = Field(
        default_factory=dict, description="Region -> key of its metrics that is there already; single-region."
    )


def key_findings(keys: Keys, regions: Sequence[Region]) -> Iterator[Finding]:
    """A key is in its own region, and a data class has existing keys in every region or in none."""
    names = [region.name for region in regions]
    for region, by_class in keys.existing.items():
        for data_class, arn in by_class.items():
            yield from _place(("keys", "existing", region, data_class.value), region, arn, names)
    for region, arn in keys.existing_metrics.items():
        yield from _place(("keys", "existing_metrics", region), region, arn, names)
        if arn.rpartition("/")[2].startswith("mrk-"):
            yield Finding(
                ("keys", "existing_metrics", region),
                f"'{arn}' is a multi-region key",
                effect="Amazon Managed Service for Prometheus refuses it",
                remedy="name a single-region key",
            )
    yield from _gaps(keys, names)


def _place(path: tuple[str, ...], region: str, arn: str, names: Sequence[str]) -> Iterator[Finding]:
    if region not in names:
        yield Finding(
            path,
            f"'{region}' is not a region of this environment",
            effect="the key would be used by nothing",
            remedy="name a region of the environment, or remove the key",
            allowed=tuple(names),
        )
    elif arn.split(":")[3] != region:
        yield Finding(
            path,
            f"'{arn}' is not in {region}",
            effect="services refuse a key of another region",
            remedy=f"name a key in {region}; a multi-region key has a replica with an ARN of its own there",
        )


def _gaps(keys: Keys, names: Sequence[str]) -> Iterator[Finding]:
    """Half a data class would need a replica of a key whose owner this stack does not know."""
    for data_class in DataClass:
        given = [region for region in names if data_class in keys.existing.get(region, {})]
        missing = [region for region in names if region not in given]
        if given and missing:
            yield Finding(
                ("keys", "existing", given[0], data_class.value),
                f"data class '{data_class}' has an existing key in {', '.join(given)} and none in {', '.join(missing)}",
                effect="the copies in the other regions could not be encrypted alike",
                remedy=f"name a key of '{data_class}' in every region, or in none",
            )
