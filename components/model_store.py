"""The model store: signed, immutable model releases in S3, in every region that may have to serve them.

Owns the buckets of released models, their lock and their replication from the home region. What is in a
release and whether its signature holds is judged before a server starts (`model_fetch`); who publishes is
the release pipeline's role, given by name.
"""

from collections.abc import Iterable
from typing import NotRequired, TypedDict

import pulumi
from pydantic import Field

from components.bucket import SecureBucket, SecureBucketArgs, bucket_arn
from components.bucket_replication import Replication, create_replication, replication_role_arn
from components.iam import Statement, decrypt_through
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.schema.base import Section

_WIRING = frozenset({"key_arns", "log_buckets", "endpoint_ids"})

_PURPOSE = "models"


class ModelStoreArgs(TypedDict):
    """Arguments of `ModelStore`."""

    environment: str
    """Environment; part of the buckets' names."""
    account_id: str
    """AWS account."""
    home_region: str
    """Where releases are written."""
    replica_regions: list[str]
    """Where copies go, recovery regions included."""
    object_lock_mode: str
    """`GOVERNANCE` or `COMPLIANCE`."""
    object_lock_days: int
    """How long a release cannot be changed or deleted."""
    noncurrent_days: int
    """Days after which replaced and deleted versions go, once the lock has ended."""
    key_arns: dict[str, pulumi.Input[str]]
    """Key by region."""
    log_buckets: dict[str, pulumi.Input[str]]
    """Access log bucket by region."""
    endpoint_ids: NotRequired[dict[str, list[pulumi.Input[str]]]]
    """Region -> gateway endpoints through which alone its releases are read and written; none for nobody but the
    exempt roles. Where a region is missing, every way is open."""
    exempt_role_arns: NotRequired[list[str]]
    """Roles that publish, copy or restore releases from elsewhere."""
    tags: dict[str, str]
    """Ownership tags."""


class ModelStoreSpec(Section):
    """The plain facts of `ModelStoreArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    home_region: AwsRegion
    replica_regions: tuple[AwsRegion, ...] = ()
    object_lock_mode: str = Field(pattern="^(GOVERNANCE|COMPLIANCE)$")
    object_lock_days: int = Field(ge=1, le=36_500)
    noncurrent_days: int = Field(ge=1, le=36_500)
    exempt_role_arns: tuple[str, ...] = ()
    tags: dict[str, str]


class ModelStore(pulumi.ComponentResource):
    """Released models: one locked bucket in the home region, one replica in every other."""

    bucket_names: dict[str, pulumi.Output[str]]
    """Name of the bucket by region; whoever takes it waits for the bucket."""

    def __init__(self, name: str, args: ModelStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("ModelStore"), name, None, opts)
        self._name = name
        self._args = args
        self._spec = parse_args(ModelStoreSpec, "ModelStore", name, args, _WIRING)
        regions = [self._spec.home_region, *self._spec.replica_regions]
        self.buckets: dict[str, SecureBucket] = {region: self._create_bucket(region) for region in regions}
        self._create_replication()
        self.bucket_names = {region: bucket.name for region, bucket in self.buckets.items()}
        self.register_outputs({"bucket_names": self.bucket_names})

    def bucket_name(self, region: str) -> str:
        """Physical name of the bucket in a region."""
        return model_bucket_name(self._spec.environment, self._spec.account_id, region)

    def bucket_arn(self, region: str) -> str:
        """ARN of the bucket in a region."""
        return bucket_arn(self.bucket_name(region), region)

    def read_statements(self, region: str, prefixes: Iterable[str]) -> list[Statement]:
        """What a role needs to read the releases below some prefixes."""
        return read_models(self.bucket_name(region), region, prefixes, self._args["key_arns"][region])

    def _create_bucket(self, region: str) -> SecureBucket:
        spec = self._spec
        args: SecureBucketArgs = {
            "bucket": self.bucket_name(region),
            "account_id": spec.account_id,
            "region": region,
            "object_lock_mode": spec.object_lock_mode,
            "object_lock_days": spec.object_lock_days,
            "noncurrent_days": spec.noncurrent_days,
            "inventory": True,
            "key_arn": self._args["key_arns"][region],
            "log_bucket": self._args["log_buckets"][region],
            "tags": spec.tags,
        }
        endpoints = self._args.get("endpoint_ids", {})
        if region in endpoints:
            copying = replication_role_arn(spec.environment, spec.account_id, region, _PURPOSE)
            args["endpoint_ids"] = endpoints[region]
            args["exempt_role_arns"] = [copying, *spec.exempt_role_arns]
        return SecureBucket(f"{self._name}-{region}", args, opts=child_options(self))

    def _create_replication(self) -> None:
        spec = self._spec
        if not spec.replica_regions:
            return
        replication = Replication(
            environment=spec.environment,
            purpose=_PURPOSE,
            source=self.buckets[spec.home_region],
            replicas=tuple(self.buckets[region] for region in spec.replica_regions),
            key_arns=self._args["key_arns"],
            tags=spec.tags,
        )
        create_replication(self, self._name, replication)


def model_bucket_name(environment: str, account_id: str, region: str) -> str:
    """Physical name of the bucket of a region's releases, for those who need it before the store is made."""
    return physical_name(NameRule.S3_BUCKET, environment, account_id, region, _PURPOSE)


def read_models(bucket: str, region: str, prefixes: Iterable[str], key_arn: pulumi.Input[str]) -> list[Statement]:
    """What a role needs to read the releases below some prefixes of a bucket."""
    releases = tuple(f"{bucket_arn(bucket, region)}/{prefix}*" for prefix in prefixes)
    return [
        Statement("ReadModels", ("s3:GetObject",), releases),
        decrypt_through("DecryptModels", "s3", region, key_arn),
    ]
