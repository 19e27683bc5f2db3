"""A bucket as this project makes them: encrypted, versioned, private, TLS only, logged, with a lifecycle.

Owns everything that is said of one bucket in one region. What the bucket is for, replication between buckets
and the access log bucket itself are other components.
"""

from collections.abc import Sequence
from typing import NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from components.iam import Condition, Principals, Statement, arn, denial, plain_denial, readable_policy
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.schema.base import Section

ABORT_MULTIPART_DAYS = 7
"""An upload that takes a week has failed; its parts cost money and are invisible."""

BUCKET_LOGS_PREFIX = "s3/"
"""Where buckets write in the access log bucket."""

INVENTORY_PREFIX = "inventory/"
"""Where buckets list their objects in the access log bucket."""

_INVENTORY_NAME = "objects"  # part of the path of a listing
_INVENTORY_FIELDS = (
    "BucketKeyStatus",
    "EncryptionStatus",
    "IsMultipartUploaded",
    "LastModifiedDate",
    "ObjectLockMode",
    "ObjectLockRetainUntilDate",
    "ReplicationStatus",
    "Size",
    "StorageClass",
)
"""What a listing says of an object beside its name and version (botocore 1.44.5, s3, InventoryOptionalField)."""

_OBJECT_ACTIONS = ("s3:DeleteObject*", "s3:GetObject*", "s3:PutObject*")
"""Use of objects in every form (versions, tags, retention). In a denial a wildcard is the safer choice. Management
of the bucket is not among it, nor the write side of replication, which is `s3:ReplicateObject`."""

_WIRING = frozenset({"key_arn", "log_bucket", "endpoint_ids"})


class BucketWriterArgs(TypedDict):
    """An AWS service that delivers to the bucket in its own name.

    Attributes:
        service: The service, as `cloudtrail`.
        prefix: Where it writes.
        source_arn: For which of our resources it writes, as a pattern; for any of the account by default.
    """

    service: str
    prefix: str
    source_arn: NotRequired[str]


class SecureBucketArgs(TypedDict):
    """Arguments of `SecureBucket`."""

    bucket: str
    """Physical name."""
    account_id: str
    """AWS account: only its own principals, and the services acting for it, may use the bucket."""
    region: str
    """Region of the bucket."""
    object_lock_mode: NotRequired[str]
    """`GOVERNANCE` or `COMPLIANCE`: objects cannot be changed for a time; no lock by default."""
    object_lock_days: NotRequired[int]
    """How long; needed with a mode."""
    expire_days: NotRequired[int]
    """Days after which objects expire; they stay by default."""
    noncurrent_days: int
    """Days after which replaced and deleted versions go."""
    writers: NotRequired[list[BucketWriterArgs]]
    """AWS services that deliver to the bucket; none by default."""
    endpoint_ids: NotRequired[list[pulumi.Input[str]]]
    """Gateway endpoints through which alone objects are read and written; none for nobody but `exempt_role_arns`.
    Everybody's way is open by default."""
    exempt_role_arns: NotRequired[list[str]]
    """Roles that use objects from elsewhere; needs `endpoint_ids`."""
    inventory: NotRequired[bool]
    """Whether all objects are listed daily, in the access log bucket; not by default."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the objects, in the region of the bucket."""
    log_bucket: pulumi.Input[str]
    """Bucket for access logs, in the same region."""
    tags: dict[str, str]
    """Ownership tags."""


class BucketWriterSpec(Section):
    """The validated form of `BucketWriterArgs`."""

    service: str = Field(pattern=r"^[a-z0-9.-]+$")
    prefix: str = Field(min_length=1)
    source_arn: str | None = None


class SecureBucketSpec(Section):
    """The plain facts of `SecureBucketArgs`."""

    bucket: str = Field(min_length=3, max_length=63)
    account_id: AccountId
    region: AwsRegion
    object_lock_mode: str | None = Field(default=None, pattern="^(GOVERNANCE|COMPLIANCE)$")
    object_lock_days: int | None = Field(default=None, ge=1, le=36_500)
    expire_days: int | None = Field(default=None, ge=1, le=36_500)
    noncurrent_days: int = Field(ge=1, le=36_500)
    writers: tuple[BucketWriterSpec, ...] = ()
    exempt_role_arns: tuple[str, ...] = ()
    inventory: bool = False
    tags: dict[str, str]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.object_lock_mode is None) != (self.object_lock_days is None):
            raise ValueError("object_lock_mode and object_lock_days need each other")
        return self


class SecureBucket(pulumi.ComponentResource):
    """One bucket with all that makes it safe."""

    name: pulumi.Output[str]
    """Name of the bucket; whoever takes it waits for the bucket."""
    arn: pulumi.Output[str]
    """ARN of the bucket."""

    def __init__(self, name: str, args: SecureBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("SecureBucket"), name, None, opts)
        self._name = name
        self._args = args
        self._spec = parse_args(SecureBucketSpec, "SecureBucket", name, args, _WIRING)
        self.bucket_name: str = self._spec.bucket
        self.bucket_arn: str = bucket_arn(self._spec.bucket, self._spec.region)
        self.region: str = self._spec.region
        self.bucket: aws.s3.Bucket = self._create_bucket()
        self._create_privacy()
        self.versioning: aws.s3.BucketVersioning = self._create_versioning()
        self._create_object_lock()
        self._create_encryption()
        self._create_lifecycle()
        self._create_logging()
        self._create_inventory()
        self.name = self.bucket.bucket
        self.arn = self.bucket.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _create_bucket(self) -> aws.s3.Bucket:
        spec = self._spec
        return aws.s3.Bucket(
            f"{self._name}-bucket",
            bucket=spec.bucket,
            object_lock_enabled=spec.object_lock_mode is not None,
            region=spec.region,
            tags=spec.tags,
            opts=child_options(self, stateful=True),
        )

    def _create_privacy(self) -> None:
        create_privacy(self, self._name, self.bucket, self._spec.region)
        statements = [own_account_only(self.bucket_arn, self._spec.account_id)]
        for writer in self._spec.writers:
            statements += delivery(self.bucket_arn, writer, self._spec.account_id)
        if "endpoint_ids" in self._args:
            endpoints, exempt = self._args["endpoint_ids"], self._spec.exempt_role_arns
            statements.append(only_through_endpoints(self.bucket_arn, endpoints, exempt))
        self.policy = create_bucket_policy(self, self._name, self.bucket, self.bucket_name, self.region, statements)

    def _create_versioning(self) -> aws.s3.BucketVersioning:
        return aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=self.bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            region=self._spec.region,
            opts=child_options(self),
        )

    def _create_object_lock(self) -> None:
        spec = self._spec
        if spec.object_lock_mode is None:
            return
        aws.s3.BucketObjectLockConfiguration(
            f"{self._name}-object-lock",
            bucket=self.bucket.bucket,
            rule={"default_retention": {"mode": spec.object_lock_mode, "days": spec.object_lock_days}},
            region=spec.region,
            opts=child_options(self, depends_on=[self.versioning]),
        )

    def _create_encryption(self) -> None:
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self.bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self._args["key_arn"],
                    },
                    "bucket_key_enabled": True,
                    # keys that a client brings cannot be read by replication, backup or anybody else
                    "blocked_encryption_types": ["SSE-C"],
                }
            ],
            region=self._spec.region,
            opts=child_options(self),
        )

    def _create_lifecycle(self) -> None:
        spec = self._spec
        create_lifecycle(
            self,
            self._name,
            self.bucket,
            spec.region,
            expire_days=spec.expire_days,
            noncurrent_days=spec.noncurrent_days,
            depends_on=[self.versioning],
        )

    def _create_logging(self) -> None:
        aws.s3.BucketLogging(
            f"{self._name}-logging",
            bucket=self.bucket.bucket,
            target_bucket=self._args["log_bucket"],
            target_prefix=f"{BUCKET_LOGS_PREFIX}{self._spec.bucket}/",
            region=self._spec.region,
            opts=child_options(self),
        )

    def _create_inventory(self) -> None:
        """Daily: what is there, whether it is locked, and whether its copies have arrived."""
        spec = self._spec
        if not spec.inventory:
            return
        log_bucket = pulumi.Output.from_input(self._args["log_bucket"])
        aws.s3.Inventory(
            f"{self._name}-inventory",
            bucket=self.bucket.bucket,
            name=_INVENTORY_NAME,
            included_object_versions="All",
            optional_fields=list(_INVENTORY_FIELDS),
            schedule={"frequency": "Daily"},
            destination={
                "bucket": {
                    "bucket_arn": log_bucket.apply(lambda name: bucket_arn(name, spec.region)),
                    "account_id": spec.account_id,
                    "format": "Parquet",
                    "prefix": INVENTORY_PREFIX.rstrip("/"),
                    "encryption": {"sse_s3": {}},
                }
            },
            region=spec.region,
            opts=child_options(self),
        )


def create_privacy(parent: pulumi.Resource, name: str, bucket: aws.s3.Bucket, region: str) -> None:
    """No public access in any form, and no access control lists: policies alone decide."""
    aws.s3.BucketPublicAccessBlock(
        f"{name}-public-access",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        region=region,
        opts=child_options(parent),
    )
    aws.s3.BucketOwnershipControls(
        f"{name}-ownership",
        bucket=bucket.bucket,
        rule={"object_ownership": "BucketOwnerEnforced"},
        region=region,
        opts=child_options(parent),
    )


def create_bucket_policy(
    parent: pulumi.Resource,
    name: str,
    bucket: aws.s3.Bucket,
    bucket_name: str,
    region: str,
    statements: Sequence[Statement] = (),
) -> aws.s3.BucketPolicy:
    """The bucket's policy: encrypted connections only, and what else the owner of the bucket says."""
    return aws.s3.BucketPolicy(
        f"{name}-policy",
        bucket=bucket.bucket,
        policy=readable_policy([*tls_only(bucket_arn(bucket_name, region)), *statements]),
        region=region,
        opts=child_options(parent),
    )


def create_lifecycle(
    parent: pulumi.Resource,
    name: str,
    bucket: aws.s3.Bucket,
    region: str,
    *,
    expire_days: int | None,
    noncurrent_days: int,
    depends_on: Sequence[pulumi.Resource],
) -> None:
    """What goes after a time: failed uploads, old versions, and objects where they are not for ever."""
    # a rule may expire objects or clean up what deletions leave behind, not both: with `days` S3 does the
    # latter by itself
    expiration: aws.s3.BucketLifecycleConfigurationRuleExpirationArgsDict = (
        {"days": expire_days} if expire_days else {"expired_object_delete_marker": True}
    )
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-lifecycle",
        bucket=bucket.bucket,
        rules=[
            {
                "id": "expire",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": expiration,
                "noncurrent_version_expiration": {"noncurrent_days": noncurrent_days},
            },
            {
                "id": "abort-uploads",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "abort_incomplete_multipart_upload": {"days_after_initiation": ABORT_MULTIPART_DAYS},
            },
        ],
        region=region,
        opts=child_options(parent, depends_on=depends_on),
    )


def bucket_arn(bucket_name: str, region: str) -> str:
    """ARN of a bucket by name."""
    return arn("s3", "", "", bucket_name, within=region)


def tls_only(bucket: str) -> list[Statement]:
    """Refuse plain and outdated connections to a bucket, given by ARN."""
    resources = (bucket, f"{bucket}/*")
    return [
        plain_denial("RefusePlainConnections", ("s3:*",), resources),
        denial("RefuseOutdatedTls", ("s3:*",), resources, Condition("NumericLessThan", "s3:TlsVersion", "1.2")),
    ]


def own_account_only(bucket: str, account_id: str) -> Statement:
    """Refuse principals of other accounts, whatever another policy grants them; AWS services may do their work."""
    return denial(
        "RefuseOtherAccounts",
        ("s3:*",),
        (bucket, f"{bucket}/*"),
        Condition("StringNotEquals", "aws:PrincipalAccount", account_id),
        Condition("Bool", "aws:PrincipalIsAWSService", "false"),
    )


def only_through_endpoints(
    bucket: str, endpoint_ids: Sequence[pulumi.Input[str]], exempt_role_arns: Sequence[str]
) -> Statement:
    """Refuse use of objects from elsewhere than the endpoints, by others than AWS services and the exempt roles.

    All conditions must hold for the denial. Those that negate hold where the request lacks their key: without an
    endpoint there is no `aws:SourceVpce`, and an anonymous caller has neither role nor service.
    """
    conditions = [Condition("BoolIfExists", key, "false") for key in ("aws:PrincipalIsAWSService", "aws:ViaAWSService")]
    if endpoint_ids:
        conditions.append(Condition("StringNotEquals", "aws:SourceVpce", *endpoint_ids))
    if exempt_role_arns:
        conditions.append(Condition("ArnNotEquals", "aws:PrincipalArn", *exempt_role_arns))
    return denial("RefuseOtherWays", _OBJECT_ACTIONS, (f"{bucket}/*",), *conditions)


def delivery(bucket: str, writer: BucketWriterSpec, account_id: str) -> list[Statement]:
    """Let an AWS service look at a bucket and write below its prefix, on behalf of the account only."""
    conditions = [Condition("StringEquals", "aws:SourceAccount", account_id)]
    if writer.source_arn is not None:
        conditions.append(Condition("ArnLike", "aws:SourceArn", writer.source_arn))
    service = Principals.service(f"{writer.service}.amazonaws.com")
    title = writer.service.title().replace("-", "").replace(".", "")
    return [
        Statement(
            f"Inspect{title}",
            ("s3:GetBucketAcl", "s3:ListBucket"),
            (bucket,),
            principals=service,
            conditions=tuple(conditions),
        ),
        Statement(
            f"Deliver{title}",
            ("s3:PutObject",),
            (f"{bucket}/{writer.prefix}*",),
            principals=service,
            conditions=tuple(conditions),
        ),
    ]
