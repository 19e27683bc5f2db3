"""The registry of container images, in every region that runs them.

Owns the repositories, who may write and delete, scanning, expiry, and the copies in other regions. Images are
named by digest only (`ArtifactRegistry.image`); tags are for people. Building and signing is the release
pipeline's.
"""

import json
from typing import Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from components.iam import Condition, arn, denial, dns_suffix, policy_document
from components.image_repositories import (
    DELETE_ACTIONS,
    PUSH_ACTIONS,
    create_template_role,
    refuse_other_accounts,
)
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from components.pod import image
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.errors import InternalError
from serving.blueprint.schema.base import Section

CANDIDATE_PREFIX: Final = "candidate-"
"""Tag prefix of images that nobody has promoted; only these expire."""

RELEASE_PREFIX: Final = "release-"
"""Tag prefix that promotion adds; an image that carries it never expires."""

CANDIDATE_DAYS: Final = 30

# More than a repository can hold without asking for more (Amazon ECR user guide, "Amazon ECR service quotas",
# "Images per repository": 100,000, read 2026-11), so that the rule claims its images and expires none
_NEVER_REACHED = 1_000_000

_SIGNING_PLATFORM = "Notation-OCI-SHA384-ECDSA"
"""The only signing platform for container images (AWS Signer developer guide, "Concepts", read 2026-11)."""


def lifecycle_policy() -> str:
    """Rules under which only candidates expire.

    ECR applies rules by priority, and an image that a rule claims is out of reach of the later ones, also when
    that rule does not expire it (Amazon ECR user guide, "Lifecycle policies", read 2026-11). So the first rule
    claims what was ever promoted, whatever other tags it has; deployed digests are always promoted ones.
    """
    released = {
        "tagStatus": "tagged",
        "tagPrefixList": [RELEASE_PREFIX],
        "countType": "imageCountMoreThan",
        "countNumber": _NEVER_REACHED,
    }
    candidates = {
        "tagStatus": "tagged",
        "tagPrefixList": [CANDIDATE_PREFIX],
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": CANDIDATE_DAYS,
    }
    rules = [("Keep all releases", released), ("Expire candidates that nobody promoted", candidates)]
    return json.dumps(
        {
            "rules": [
                {
                    "rulePriority": priority,
                    "description": description,
                    "selection": selection,
                    "action": {"type": "expire"},
                }
                for priority, (description, selection) in enumerate(rules, start=1)
            ]
        }
    )


class ArtifactRegistryArgs(TypedDict):
    """Arguments of `ArtifactRegistry`."""

    environment: str
    """Environment; first part of the repositories' names."""
    account_id: str
    """AWS account."""
    home_region: str
    """Where images are pushed."""
    replica_regions: list[str]
    """Where copies go."""
    repositories: list[str]
    """Names, as the blueprints' engines state them."""
    publisher_role_arns: list[str]
    """Roles that may push; with none, IAM alone decides."""
    admin_role_arns: list[str]
    """Roles that may delete images; with none, nobody may."""
    manage_registry: NotRequired[bool]
    """Whether to set scanning, replication and signing, which are one per account and region, so that only one
    stack of an account may. True by default."""
    signing: NotRequired[bool]
    """Whether ECR signs what is pushed to these repositories. Who pushes must be allowed `signer:SignPayload` on
    the profile. True by default."""
    existing_account_id: NotRequired[str]
    """Account of a registry that is there already: then nothing is made, and images are only named."""
    existing_prefix: NotRequired[str]
    """First part of that registry's repositories; needed with the account."""
    key_arns: dict[str, pulumi.Input[str]]
    """Key by region."""
    tags: dict[str, str]
    """Ownership tags."""


class ArtifactRegistrySpec(Section):
    """The plain facts of `ArtifactRegistryArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    home_region: AwsRegion
    replica_regions: tuple[AwsRegion, ...] = ()
    repositories: tuple[str, ...] = Field(min_length=1)
    publisher_role_arns: tuple[str, ...]
    admin_role_arns: tuple[str, ...]
    manage_registry: bool = True
    signing: bool = True
    existing_account_id: AccountId | None = None
    existing_prefix: str | None = Field(default=None, min_length=1)
    tags: dict[str, str]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.existing_account_id is None) != (self.existing_prefix is None):
            raise ValueError("existing_account_id and existing_prefix need each other")
        return self

    @property
    def existing(self) -> bool:
        """Whether the registry is somebody else's."""
        return self.existing_account_id is not None

    @property
    def regions(self) -> tuple[str, ...]:
        """All regions with images, home region first."""
        return (self.home_region, *self.replica_regions)


class ArtifactRegistry(pulumi.ComponentResource):
    """Immutable, encrypted, scanned image repositories with copies in other regions."""

    repository_urls: dict[str, pulumi.Output[str]]
    """URL of each repository in the home region; whoever takes it waits for the repository. None of an existing
    registry."""
    signing_profile_arn: pulumi.Output[str]
    """Profile with which images are signed; empty where ECR signs nothing."""

    def __init__(self, name: str, args: ArtifactRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("ArtifactRegistry"), name, None, opts)
        self._name = name
        self._args = args
        wiring = frozenset({"key_arns"})
        self._spec = parse_args(ArtifactRegistrySpec, "ArtifactRegistry", name, args, wiring)
        self.repositories: dict[str, aws.ecr.Repository] = {}
        self.signing_profile_arn = pulumi.Output.from_input("")
        if not self._spec.existing:
            self._create_registry()
        self.repository_urls = {key: repository.repository_url for key, repository in self.repositories.items()}
        self.register_outputs(
            {"repository_urls": self.repository_urls, "signing_profile_arn": self.signing_profile_arn}
        )

    def _create_registry(self) -> None:
        settings = self._create_registry_settings(self._create_templates())
        for repository in self._spec.repositories:
            self.repositories[repository] = self._create_repository(repository, settings)

    def host(self, region: str) -> str:
        """Host of the registry in a region.

        Raises:
            InternalError: the region has no copies.
        """
        spec = self._spec
        if region not in spec.regions:
            raise InternalError(f"there are no images in {region}; there are in {', '.join(spec.regions)}")
        return f"{spec.existing_account_id or spec.account_id}.dkr.ecr.{region}.{dns_suffix(region)}"

    def registry(self, region: str) -> str:
        """Where the environment's images are in a region: host and first part of the path."""
        return f"{self.host(region)}/{self._spec.existing_prefix or self._spec.environment}"

    def image(self, repository: str, digest: str, region: str) -> str:
        """Reference of an image, by digest, in the registry of a region.

        Raises:
            InternalError: there is no such repository or region.
        """
        if repository not in self._spec.repositories:
            known = ", ".join(self._spec.repositories)
            raise InternalError(f"there is no repository '{repository}'; there are {known}")
        return image(self.registry(region), repository, digest)

    def repository_name(self, repository: str) -> str:
        """Physical name of a repository, the same in every region."""
        return physical_name(NameRule.ECR_REPOSITORY, self._spec.environment, repository, separator="/")

    def _create_repository(self, repository: str, replication: list[pulumi.Resource]) -> aws.ecr.Repository:
        spec, suffix = self._spec, repository.replace("/", "-")
        # replication covers only what is pushed after it was set up
        created = aws.ecr.Repository(
            f"{self._name}-{suffix}",
            name=self.repository_name(repository),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": self._args["key_arns"][spec.home_region]}],
            force_delete=False,
            region=spec.home_region,
            tags=spec.tags,
            opts=child_options(self, stateful=True, depends_on=replication),
        )
        aws.ecr.LifecyclePolicy(
            f"{self._name}-{suffix}-lifecycle",
            repository=created.name,
            policy=lifecycle_policy(),
            region=spec.home_region,
            opts=child_options(self),
        )
        aws.ecr.RepositoryPolicy(
            f"{self._name}-{suffix}-policy",
            repository=created.name,
            policy=self._repository_policy(),
            region=spec.home_region,
            opts=child_options(self),
        )
        return created

    def _repository_policy(self) -> pulumi.Input[str]:
        """Denials only: what is allowed is the IAM policy of whoever pulls or pushes."""
        spec = self._spec
        statements = [refuse_other_accounts(spec.account_id)]
        if spec.publisher_role_arns:
            others = Condition("ArnNotEquals", "aws:PrincipalArn", *spec.publisher_role_arns)
            statements.append(denial("OnlyPublishersPush", PUSH_ACTIONS, (), others))
        conditions = (
            [Condition("ArnNotEquals", "aws:PrincipalArn", *spec.admin_role_arns)] if spec.admin_role_arns else []
        )
        statements.append(denial("OnlyAdministratorsDelete", DELETE_ACTIONS, (), *conditions))
        return policy_document(statements)

    def _create_templates(self) -> list[pulumi.Resource]:
        """What ECR gives to the repositories that replication makes: as strict as the originals."""
        spec = self._spec
        if not spec.replica_regions:
            return []
        role = self._create_template_role()
        return [
            aws.ecr.RepositoryCreationTemplate(
                f"{self._name}-template-{region}",
                prefix=spec.environment,
                description="Copies of the images of the home region",
                applied_fors=["REPLICATION"],
                image_tag_mutability="IMMUTABLE",
                encryption_configurations=[{"encryption_type": "KMS", "kms_key": self._args["key_arns"][region]}],
                lifecycle_policy=lifecycle_policy(),
                repository_policy=self._repository_policy(),
                custom_role_arn=role,
                resource_tags=spec.tags,
                region=region,
                opts=child_options(self),
            )
            for region in spec.replica_regions
        ]

    def _create_template_role(self) -> pulumi.Output[str]:
        spec = self._spec
        return create_template_role(
            self,
            f"{self._name}-template-role",
            "image-replication",
            "Makes the repositories of replicated images",
            environment=spec.environment,
            repositories=[
                arn("ecr", region, spec.account_id, f"repository/{spec.environment}/*")
                for region in spec.replica_regions
            ],
            key_arns=[self._args["key_arns"][region] for region in spec.replica_regions],
            tags=spec.tags,
        )

    def _create_registry_settings(self, templates: list[pulumi.Resource]) -> list[pulumi.Resource]:
        spec = self._spec
        if not spec.manage_registry:
            return []
        for region in spec.regions:
            self._create_scanning(region)
        signing = self._create_signing()
        if not spec.replica_regions:
            return signing
        rule: aws.ecr.ReplicationConfigurationReplicationConfigurationRuleArgsDict = {
            "destinations": [{"region": region, "registry_id": spec.account_id} for region in spec.replica_regions],
            "repository_filters": [{"filter": f"{spec.environment}/", "filter_type": "PREFIX_MATCH"}],
        }
        return [
            *signing,
            aws.ecr.ReplicationConfiguration(
                f"{self._name}-replication",
                replication_configuration={"rules": [rule]},
                region=spec.home_region,
                opts=child_options(self, depends_on=templates),
            ),
        ]

    def _create_signing(self) -> list[pulumi.Resource]:
        """Sign what is pushed, where it is pushed; replication copies the signatures with the images.

        The profile stays when it leaves the program: without it no signature that it made could be checked.
        """
        spec = self._spec
        if not spec.signing:
            return []
        name = physical_name(NameRule.SIGNING_PROFILE, spec.environment, "images", separator="_")
        profile = aws.signer.SigningProfile(
            f"{self._name}-signing-profile",
            name=name,
            platform_id=_SIGNING_PLATFORM,
            region=spec.home_region,
            tags=spec.tags,
            opts=child_options(self, stateful=True),
        )
        self.signing_profile_arn = profile.arn
        # the provider has no resource of its own for it yet; names as in the CloudFormation template reference,
        # "AWS::ECR::SigningConfiguration", read 2026-11
        rule = {
            "SigningProfileArn": arn("signer", spec.home_region, spec.account_id, f"/signing-profiles/{name}"),
            "RepositoryFilters": [{"Filter": f"{spec.environment}/*", "FilterType": "WILDCARD_MATCH"}],
        }
        configuration = aws.cloudcontrol.Resource(
            f"{self._name}-signing",
            type_name="AWS::ECR::SigningConfiguration",
            desired_state=json.dumps({"Rules": [rule]}),
            region=spec.home_region,
            # the profile is named by its ARN, which says nothing of the order
            opts=child_options(self, depends_on=[profile]),
        )
        return [configuration]

    def _create_scanning(self, region: str) -> None:
        """Scan what is pushed, and again whenever a vulnerability becomes known."""
        inspector = aws.inspector2.Enabler(
            f"{self._name}-inspector-{region}",
            account_ids=[self._spec.account_id],
            resource_types=["ECR"],
            region=region,
            opts=child_options(self),
        )
        aws.ecr.RegistryScanningConfiguration(
            f"{self._name}-scanning-{region}",
            scan_type="ENHANCED",
            rules=[
                {
                    "scan_frequency": "CONTINUOUS_SCAN",
                    "repository_filters": [{"filter": "*", "filter_type": "WILDCARD"}],
                }
            ],
            region=region,
            opts=child_options(self, depends_on=[inspector]),
        )
