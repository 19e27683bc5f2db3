"""The model store: signed, immutable model releases in S3, in every region that may have to serve them.

Owns the buckets of released models, their lock and their replication from the home region. What is in a
release and whether its signature holds is judged in `serving.release`; who publishes is the release
pipeline's role, given by name.
"""

from typing import TypedDict

import pulumi
from pydantic import Field

from components.bucket import SecureBucket, bucket_arn
from components.bucket_replication import Replication, create_replication
from components.iam import Condition, Statement
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AwsRegion
from serving.blueprint.schema.base import Section

_WIRING = frozenset({"key_arns", "log_buckets"})


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
    tags: dict[str, str]
    """Ownership tags."""


class ModelStoreSpec(Section):
    """The plain facts of `ModelStoreArgs`."""

    environment: str = Field(min_length=1)
    account_id: str = Field(pattern=r"^\d{12}$")
    home_region: AwsRegion
    replica_regions: tuple[AwsRegion, ...] = ()
    object_lock_mode: str = Field(pattern="^(GOVERNANCE|COMPLIANCE)$")
    object_lock_days: int = Field(ge=1, le=36_500)
    noncurrent_days: int = Field(ge=1, le=36_500)
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
        return physical_name(NameRule.S3_BUCKET, self._spec.environment, self._spec.account_id, region, "models")

    def bucket_arn(self, region: str) -> str:
        """ARN of the bucket in a region."""
        return bucket_arn(self.bucket_name(region), region)

    def read_statements(self, region: str, prefix: str = "") -> list[Statement]:
        """What a role needs to read releases below a prefix; decryption comes on top, by the key's ARN."""
        bucket = self.bucket_arn(region)
        listed = (Condition("StringLike", "s3:prefix", f"{prefix}*"),) if prefix else ()
        return [
            Statement("ListModels", ("s3:ListBucket",), (bucket,), conditions=listed),
            Statement("ReadModels", ("s3:GetObject", "s3:GetObjectVersion"), (f"{bucket}/{prefix}*",)),
        ]

    def _create_bucket(self, region: str) -> SecureBucket:
        spec = self._spec
        return SecureBucket(
            f"{self._name}-{region}",
            {
                "bucket": self.bucket_name(region),
                "account_id": spec.account_id,
                "region": region,
                "object_lock_mode": spec.object_lock_mode,
                "object_lock_days": spec.object_lock_days,
                "noncurrent_days": spec.noncurrent_days,
                "key_arn": self._args["key_arns"][region],
                "log_bucket": self._args["log_buckets"][region],
                "tags": spec.tags,
            },
            opts=child_options(self),
        )

    def _create_replication(self) -> None:
        spec = self._spec
        if not spec.replica_regions:
            return
        replication = Replication(
            environment=spec.environment,
            purpose="models",
            source=self.buckets[spec.home_region],
            replicas=tuple(self.buckets[region] for region in spec.replica_regions),
            key_arns=self._args["key_arns"],
            tags=spec.tags,
        )
        create_replication(self, self._name, replication)
