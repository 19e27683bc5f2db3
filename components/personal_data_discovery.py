"""Whether personal data in one region is where it is declared to be, and nowhere in the open.

Owns Macie, its regular search through the declared buckets, and the grants by which it reads what they encrypt.
Where personal data is, is declared in the blueprints; nothing is found out here.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.iam import arn
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.schema.base import Section

GRANT_OPERATIONS = ("Decrypt", "DescribeKey")
"""What Macie may do with a key."""

_WIRING = frozenset({"key_arns"})


class PersonalDataDiscoveryArgs(TypedDict):
    """Arguments of `PersonalDataDiscovery`."""

    environment: str
    """Environment; part of physical names."""
    account_id: str
    """AWS account that owns the buckets."""
    region: str
    """Region of the buckets."""
    buckets: list[str]
    """Names of the buckets that are declared to hold personal data; there may be none."""
    key_arns: dict[str, pulumi.Input[str]]
    """Keys of those buckets, by data class. Their policies let Macie's role be granted `GRANT_OPERATIONS`."""
    tags: dict[str, str]
    """Ownership tags."""


class PersonalDataDiscoverySpec(Section):
    """The plain facts of `PersonalDataDiscoveryArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    region: AwsRegion
    buckets: tuple[str, ...]
    tags: dict[str, str]


class PersonalDataDiscovery(pulumi.ComponentResource):
    """Macie in one region: it watches every bucket's settings and reads through the declared ones every week."""

    account_id: pulumi.Output[str]
    """Id of the Macie session of the region."""

    def __init__(self, name: str, args: PersonalDataDiscoveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("PersonalDataDiscovery"), name, None, opts)
        self._name = name
        self._spec = parse_args(PersonalDataDiscoverySpec, "PersonalDataDiscovery", name, args, _WIRING)
        session = self._create_session()
        grants = self._create_grants(session, args["key_arns"])
        self._create_job(grants)
        self.account_id = session.id
        self.register_outputs({"account_id": self.account_id})

    def _create_session(self) -> aws.macie2.Account:
        return aws.macie2.Account(
            f"{self._name}-session",
            status="ENABLED",
            finding_publishing_frequency="ONE_HOUR",
            region=self._spec.region,
            opts=child_options(self),
        )

    def _create_grants(
        self, session: aws.macie2.Account, key_arns: Mapping[str, pulumi.Input[str]]
    ) -> list[pulumi.Resource]:
        """A grant instead of a statement in the key's policy: the policy would have to wait for Macie's role."""
        spec = self._spec
        return [
            aws.kms.Grant(
                f"{self._name}-read-{data_class}",
                name=f"{spec.environment}-macie",
                key_id=key_arn,
                grantee_principal=service_role_arn(spec.account_id, spec.region),
                operations=list(GRANT_OPERATIONS),
                region=spec.region,
                opts=child_options(self, depends_on=[session]),  # which makes the role
            )
            for data_class, key_arn in key_arns.items()
        ]

    def _create_job(self, grants: Sequence[pulumi.Resource]) -> None:
        spec = self._spec
        if not spec.buckets:
            return
        aws.macie2.ClassificationJob(
            f"{self._name}-job",
            # a job can't be changed, and its name can't be used again: the next one gets another
            name_prefix=f"{physical_name(NameRule.CLASSIFICATION_JOB, spec.environment, 'personal-data')}-",
            description="Buckets that are declared to hold personal data",
            job_type="SCHEDULED",
            initial_run=True,
            sampling_percentage=100,
            schedule_frequency={"weekly_schedule": "SUNDAY"},
            s3_job_definition={
                "bucket_definitions": [{"account_id": spec.account_id, "buckets": sorted(spec.buckets)}]
            },
            region=spec.region,
            tags=spec.tags,
            opts=child_options(self, depends_on=grants),
        )


def service_role_arn(account_id: str, region: str) -> str:
    """ARN of the role that Macie makes for itself when it is switched on."""
    role = "role/aws-service-role/macie.amazonaws.com/AWSServiceRoleForAmazonMacie"
    return arn("iam", "", account_id, role, within=region)
