"""What holds in an account for everything that somebody forgets to say.

Owns the account's switches, which stand behind what each component says of its own resources: encryption and
privacy of volumes, snapshots, images and buckets, instance metadata, and who outside can reach in. An account has
them once: one stack owns them, or the organisation does. Not owned: the list of allowed images, which would refuse
the images of every other team in the account, and the password policy, since there are no users.
"""

from typing import TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.schema.base import Section

_WIRING = frozenset({"key_arns"})


class AccountDefaultsArgs(TypedDict):
    """Arguments of `AccountDefaults`."""

    environment: str
    """Environment whose stack owns the account's defaults; part of physical names."""
    account_id: str
    """AWS account."""
    regions: list[str]
    """Regions in which they hold: all that the environment uses."""
    key_arns: dict[str, pulumi.Input[str]]
    """Region -> key of volumes that name none."""
    tags: dict[str, str]
    """Ownership tags."""


class AccountDefaultsSpec(Section):
    """The plain facts of `AccountDefaultsArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    regions: tuple[AwsRegion, ...] = Field(min_length=1)
    tags: dict[str, str]


class AccountDefaults(pulumi.ComponentResource):
    """Safe defaults of an account, in each of its regions."""

    analyzer_arns: dict[str, pulumi.Output[str]]
    """Region -> ARN of its access analyzer."""

    def __init__(self, name: str, args: AccountDefaultsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("AccountDefaults"), name, None, opts)
        self._name = name
        self._spec = parse_args(AccountDefaultsSpec, "AccountDefaults", name, args, _WIRING)
        self._create_bucket_privacy()
        self.analyzer_arns = {}
        for region in self._spec.regions:
            self._create_volume_encryption(region, args["key_arns"][region])
            self._create_image_privacy(region)
            self._create_instance_defaults(region)
            self.analyzer_arns[region] = self._create_analyzer(region)
        self.register_outputs({"analyzer_arns": self.analyzer_arns})

    def _create_bucket_privacy(self) -> None:
        """No bucket of the account is public, whatever its own settings say. It holds in all regions."""
        aws.s3.AccountPublicAccessBlock(
            f"{self._name}-buckets",
            account_id=self._spec.account_id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child_options(self),
        )

    def _create_volume_encryption(self, region: str, key_arn: pulumi.Input[str]) -> None:
        aws.ebs.DefaultKmsKey(
            f"{self._name}-volume-key-{region}", key_arn=key_arn, region=region, opts=child_options(self)
        )
        aws.ebs.EncryptionByDefault(
            f"{self._name}-volumes-{region}", enabled=True, region=region, opts=child_options(self)
        )

    def _create_image_privacy(self, region: str) -> None:
        # new and present sharing alike (botocore 1.44.5, ec2, SnapshotBlockPublicAccessState)
        aws.ebs.SnapshotBlockPublicAccess(
            f"{self._name}-snapshots-{region}", state="block-all-sharing", region=region, opts=child_options(self)
        )
        aws.ec2.ImageBlockPublicAccess(
            f"{self._name}-images-{region}", state="block-new-sharing", region=region, opts=child_options(self)
        )

    def _create_instance_defaults(self, region: str) -> None:
        aws.ec2.InstanceMetadataDefaults(
            f"{self._name}-metadata-{region}",
            http_endpoint="enabled",
            http_tokens="required",
            http_put_response_hop_limit=1,  # no container behind the instance reaches its credentials
            instance_metadata_tags="disabled",
            region=region,
            opts=child_options(self),
        )
        aws.ec2.SerialConsoleAccess(
            f"{self._name}-console-{region}", enabled=False, region=region, opts=child_options(self)
        )

    def _create_analyzer(self, region: str) -> pulumi.Output[str]:
        """Whoever outside the account can reach one of its resources is a finding."""
        analyzer = aws.accessanalyzer.Analyzer(
            f"{self._name}-analyzer-{region}",
            analyzer_name=physical_name(NameRule.ANALYZER, self._spec.environment, "external-access"),
            type="ACCOUNT",
            region=region,
            tags=self._spec.tags,
            opts=child_options(self),
        )
        return analyzer.arn
