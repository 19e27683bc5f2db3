"""What the history of features looks like, for those who search it: databases and tables of the Glue Data Catalog.

Owns the names of both and where a feature view lies in its bucket. Days are found by their names (partition
projection): nothing has to be registered as data arrives, here or in a region with a copy. The columns are the
feature pipeline's; it may add them, and nobody takes them away again.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.naming import NameRule, physical_name
from components.options import child_options

DAY_PARTITION = "dt"
"""Partition key: the day of the features, as in `dt=2026-11-25`."""

# every row has them; what else there is says the pipeline
_COLUMNS = (("entity_id", "string"), ("event_time", "timestamp"))

_PARQUET_INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
_PARQUET_OUTPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
_PARQUET_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"

_DIGEST_LENGTH = 8


@dataclass(frozen=True, slots=True)
class CatalogedView:
    """A feature view and its version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """What is catalogued in one region.

    Attributes:
        environment: Environment; part of the database's name.
        service: The service whose features these are.
        region: Region of the bucket.
        bucket: Name of the bucket with the history.
        retention_days: How many days there are.
        views: What lies in it.
        tags: Tags of the database.
    """

    environment: str
    service: str
    region: str
    bucket: str
    retention_days: int
    views: Sequence[CatalogedView]
    tags: Mapping[str, str]


def create_catalog(parent: pulumi.Resource, name: str, catalog: Catalog) -> aws.glue.CatalogDatabase:
    """Make a region's database, and a table for each feature view."""
    database = aws.glue.CatalogDatabase(
        f"{name}-catalog-{catalog.region}",
        name=database_name(catalog.environment, catalog.service),
        description=f"History of the features of {catalog.service}",
        region=catalog.region,
        tags=dict(catalog.tags),
        opts=child_options(parent),
    )
    for view in catalog.views:
        _create_table(parent, f"{name}-catalog-{catalog.region}-{view.name}@{view.version}", database, catalog, view)
    return database


def database_name(environment: str, service: str) -> str:
    """Physical name of a service's database, the same in every region."""
    return physical_name(NameRule.GLUE, environment, _plain(service), "features", separator="_")


def table_name(view: CatalogedView) -> str:
    """Physical name of a feature view's table: what Athena can write without quotes."""
    return physical_name(NameRule.GLUE, _plain(view.name), _plain(view.version), separator="_")


def view_prefix(view: CatalogedView) -> str:
    """Where a feature view lies in its bucket."""
    return f"{view.name}/{view.version}/"


def _create_table(
    parent: pulumi.Resource, name: str, database: aws.glue.CatalogDatabase, catalog: Catalog, view: CatalogedView
) -> None:
    location = f"s3://{catalog.bucket}/{view_prefix(view)}"
    options = pulumi.ResourceOptions(ignore_changes=["storageDescriptor.columns"])  # the pipeline's, once it has run
    aws.glue.CatalogTable(
        name,
        name=table_name(view),
        database_name=database.name,
        description=f"{view.name} {view.version}",
        table_type="EXTERNAL_TABLE",
        parameters={
            "EXTERNAL": "TRUE",
            "classification": "parquet",
            "projection.enabled": "true",
            f"projection.{DAY_PARTITION}.type": "date",
            f"projection.{DAY_PARTITION}.format": "yyyy-MM-dd",
            f"projection.{DAY_PARTITION}.range": f"NOW-{catalog.retention_days}DAYS,NOW",
            "storage.location.template": f"{location}{DAY_PARTITION}=${{{DAY_PARTITION}}}/",
        },
        partition_keys=[{"name": DAY_PARTITION, "type": "string"}],
        storage_descriptor={
            "location": location,
            "input_format": _PARQUET_INPUT,
            "output_format": _PARQUET_OUTPUT,
            "ser_de_info": {"serialization_library": _PARQUET_SERDE, "parameters": {"serialization.format": "1"}},
            "columns": [{"name": column, "type": kind} for column, kind in _COLUMNS],
        },
        region=catalog.region,
        opts=pulumi.ResourceOptions.merge(child_options(parent), options),
    )


def _plain(text: str) -> str:
    """Text in the catalogue's alphabet; with a digest where two texts would become the same."""
    plain = re.sub("[^a-z0-9]", "_", text.lower())
    if re.fullmatch("[a-z0-9-]*", text):
        return plain
    return f"{plain}_{hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]}"
