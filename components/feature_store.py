"""The feature store of one service: online features in DynamoDB, their history in S3.

Owns the table, its replicas and the offline buckets. Which features there are and who writes them is the
feature pipeline's; how long they live is the blueprint's. What the catalogue says of the history is
`components.feature_catalog`.
"""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.bucket import SecureBucket, SecureBucketArgs
from components.bucket_replication import Replication, create_replication, replication_role_arn
from components.feature_catalog import Catalog, CatalogedView, create_catalog
from components.iam import Statement, arn, decrypt_through
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.schema.base import Identifier, Name, Section

ENTITY_ATTRIBUTE = "entity_id"
"""Partition key: what the features are of (a card, a customer)."""

VIEW_ATTRIBUTE = "feature_view"
"""Sort key: name and version of the feature view, so that two versions stand side by side."""

EXPIRY_ATTRIBUTE = "expires_at"
"""Unix time after which an item is deleted."""

_OFFLINE_NONCURRENT_DAYS = 30
"""How long a partition of history that was written wrongly can be brought back."""

_WIRING = frozenset({"key_arns", "log_buckets", "endpoint_ids"})


class FeatureViewArgs(TypedDict):
    """A feature view of the history.

    Attributes:
        name: Its name.
        version: Its version.
    """

    name: str
    version: str


class FeatureStoreArgs(TypedDict):
    """Arguments of `FeatureStore`."""

    environment: str
    """Environment; part of physical names."""
    account_id: str
    """AWS account."""
    service: str
    """The service whose features these are."""
    home_region: str
    """Region of the table that the others are replicas of."""
    replica_regions: list[str]
    """Regions with a replica, recovery regions included."""
    deletion_protection: bool
    """Whether the table refuses to be deleted, in every region."""
    recovery_days: NotRequired[int]
    """How far back point-in-time recovery reaches, days; 35 by default."""
    offline_retention_days: int
    """How long the history of features is kept, days."""
    feature_views: NotRequired[list[FeatureViewArgs]]
    """What the history holds, for the catalogue of every region; nothing is catalogued by default."""
    max_read_units: NotRequired[int]
    """Most read request units a second; no bound by default."""
    max_write_units: NotRequired[int]
    """Most write request units a second; no bound by default."""
    key_arns: dict[str, pulumi.Input[str]]
    """Key by region."""
    log_buckets: dict[str, pulumi.Input[str]]
    """Access log bucket by region."""
    endpoint_ids: NotRequired[dict[str, list[pulumi.Input[str]]]]
    """Region -> gateway endpoints through which alone the history is read and written; none for nobody but the
    exempt roles. Where a region is missing, every way is open."""
    exempt_role_arns: NotRequired[list[str]]
    """Roles that write, copy, restore or search the history from elsewhere."""
    tags: dict[str, str]
    """Ownership and lineage tags."""


class FeatureViewSpec(Section):
    """The validated form of `FeatureViewArgs`."""

    name: Identifier
    version: Identifier


class FeatureStoreSpec(Section):
    """The plain facts of `FeatureStoreArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    service: Name
    home_region: AwsRegion
    replica_regions: tuple[AwsRegion, ...] = ()
    deletion_protection: bool
    # 35 days is the most that DynamoDB keeps (botocore 1.44.5, dynamodb, UpdateContinuousBackups)
    recovery_days: int = Field(default=35, ge=1, le=35)
    offline_retention_days: int = Field(ge=1, le=36_500)
    exempt_role_arns: tuple[str, ...] = ()
    feature_views: tuple[FeatureViewSpec, ...] = ()
    max_read_units: int | None = Field(default=None, ge=1)
    max_write_units: int | None = Field(default=None, ge=1)
    tags: dict[str, str]


class FeatureStore(pulumi.ComponentResource):
    """Online and offline features of one service."""

    online_table: pulumi.Output[str]
    """Name of the table, the same in every region; whoever takes it waits for the table."""
    bucket_names: dict[str, pulumi.Output[str]]
    """Name of the offline bucket by region."""

    def __init__(self, name: str, args: FeatureStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("FeatureStore"), name, None, opts)
        self._name = name
        self._args = args
        self._spec = parse_args(FeatureStoreSpec, "FeatureStore", name, args, _WIRING)
        spec = self._spec
        self.table_name: str = feature_table_name(spec.environment, spec.service)
        self.table: aws.dynamodb.Table = self._create_table()
        regions = [spec.home_region, *spec.replica_regions]
        self.buckets: dict[str, SecureBucket] = {region: self._create_bucket(region) for region in regions}
        self._create_replication()
        self._create_catalogs(regions)
        self.online_table = self.table.name
        self.bucket_names = {region: bucket.name for region, bucket in self.buckets.items()}
        self.register_outputs({"online_table": self.online_table, "bucket_names": self.bucket_names})

    @property
    def _purpose(self) -> str:
        return f"{self._spec.service}-features"

    def table_arn(self, region: str) -> str:
        """ARN of the table in a region."""
        return feature_table_arn(self._spec.environment, self._spec.account_id, region, self._spec.service)

    def bucket_name(self, region: str) -> str:
        """Physical name of the offline bucket in a region."""
        spec = self._spec
        return physical_name(NameRule.S3_BUCKET, spec.environment, spec.account_id, region, spec.service, "features")

    def read_statements(self, region: str) -> list[Statement]:
        """What a role needs to read online features."""
        return read_features(self.table_arn(region), region, self._args["key_arns"][region])

    def _create_table(self) -> aws.dynamodb.Table:
        spec = self._spec
        return aws.dynamodb.Table(
            f"{self._name}-table",
            name=self.table_name,
            billing_mode="PAY_PER_REQUEST",
            on_demand_throughput=self._bounds(),
            hash_key=ENTITY_ATTRIBUTE,
            range_key=VIEW_ATTRIBUTE,
            attributes=[{"name": key, "type": "S"} for key in (ENTITY_ATTRIBUTE, VIEW_ATTRIBUTE)],
            ttl={"attribute_name": EXPIRY_ATTRIBUTE, "enabled": True},
            point_in_time_recovery={"enabled": True, "recovery_period_in_days": spec.recovery_days},
            server_side_encryption={"enabled": True, "kms_key_arn": self._args["key_arns"][spec.home_region]},
            deletion_protection_enabled=spec.deletion_protection,
            # replicas are fed from the stream
            stream_enabled=True,
            stream_view_type="NEW_AND_OLD_IMAGES",
            replicas=[self._replica(region) for region in spec.replica_regions],
            region=spec.home_region,
            tags=spec.tags,
            opts=child_options(self, stateful=True),
        )

    def _bounds(self) -> aws.dynamodb.TableOnDemandThroughputArgs | None:
        spec = self._spec
        if spec.max_read_units is None and spec.max_write_units is None:
            return None
        return aws.dynamodb.TableOnDemandThroughputArgs(
            max_read_request_units=spec.max_read_units, max_write_request_units=spec.max_write_units
        )

    def _create_catalogs(self, regions: Sequence[str]) -> None:
        spec = self._spec
        for region in regions if spec.feature_views else ():
            catalog = Catalog(
                environment=spec.environment,
                service=spec.service,
                region=region,
                bucket=self.bucket_name(region),
                retention_days=spec.offline_retention_days,
                views=[CatalogedView(view.name, view.version) for view in spec.feature_views],
                tags=spec.tags,
            )
            create_catalog(self, self._name, catalog)

    def _replica(self, region: str) -> aws.dynamodb.TableReplicaArgs:
        return aws.dynamodb.TableReplicaArgs(
            region_name=region,
            kms_key_arn=self._args["key_arns"][region],
            point_in_time_recovery=True,
            deletion_protection_enabled=self._spec.deletion_protection,
            propagate_tags=True,
        )

    def _create_bucket(self, region: str) -> SecureBucket:
        spec = self._spec
        args: SecureBucketArgs = {
            "bucket": self.bucket_name(region),
            "account_id": spec.account_id,
            "region": region,
            "expire_days": spec.offline_retention_days,
            "noncurrent_days": min(spec.offline_retention_days, _OFFLINE_NONCURRENT_DAYS),
            "key_arn": self._args["key_arns"][region],
            "log_bucket": self._args["log_buckets"][region],
            "tags": spec.tags,
        }
        endpoints = self._args.get("endpoint_ids", {})
        if region in endpoints:
            copying = replication_role_arn(spec.environment, spec.account_id, region, self._purpose)
            args["endpoint_ids"] = endpoints[region]
            args["exempt_role_arns"] = [copying, *spec.exempt_role_arns]
        return SecureBucket(f"{self._name}-offline-{region}", args, opts=child_options(self))

    def _create_replication(self) -> None:
        spec = self._spec
        if not spec.replica_regions:
            return
        replication = Replication(
            environment=spec.environment,
            purpose=self._purpose,
            source=self.buckets[spec.home_region],
            replicas=tuple(self.buckets[region] for region in spec.replica_regions),
            key_arns=self._args["key_arns"],
            tags=spec.tags,
        )
        create_replication(self, self._name, replication)


def feature_table_name(environment: str, service: str) -> str:
    """Physical name of a service's table, for those who need it before the store is made."""
    return physical_name(NameRule.DYNAMODB_TABLE, environment, service, "features")


def feature_table_arn(environment: str, account_id: str, region: str, service: str) -> str:
    """ARN of that table in a region."""
    return arn("dynamodb", region, account_id, f"table/{feature_table_name(environment, service)}")


def read_features(table_arn: pulumi.Input[str], region: str, key_arn: pulumi.Input[str]) -> list[Statement]:
    """What a role needs to read the online features of a table."""
    actions = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
    return [
        Statement("ReadFeatures", actions, (table_arn,)),
        decrypt_through("DecryptFeatures", "dynamodb", region, key_arn),
    ]
