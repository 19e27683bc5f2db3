"""Caches of public registries in the account's own, so that no node depends on somebody else's service.

Owns the pull-through cache rules of the serving regions and what the cached repositories are like: encrypted,
immutable, private to the account, written by ECR alone. Who uses a cache names an image below `prefix` instead of
the public host. A cached image that expires is fetched again at the next pull; what the services run is
never here but in `components.artifact_registry`.
"""

import json
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.iam import Condition, Statement, arn, denial, policy_document
from components.image_repositories import (
    DELETE_ACTIONS,
    NO_SERVICE,
    PUSH_ACTIONS,
    create_template_role,
    refuse_other_accounts,
)
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.environment.registry import UPSTREAMS, CredentialArn, Upstream
from serving.blueprint.schema.base import Section

CACHED_DAYS = 180
"""Age at which a cached image is fetched anew: longer than any release of an add-on is in use here."""


class CachedUpstreamArgs(TypedDict):
    """One public registry.

    Attributes:
        upstream: Which one: `ecr-public`, `k8s`, `quay`, `docker-hub`, `github` or `gitlab`.
        credential_arns: Region -> secret with the account there; none by default.
    """

    upstream: str
    credential_arns: NotRequired[dict[str, str]]


class ImageCacheArgs(TypedDict):
    """Arguments of `ImageCache`."""

    environment: str
    """Environment; first part of the repositories' names."""
    account_id: str
    """AWS account."""
    regions: list[str]
    """Regions that pull: each has caches of its own."""
    upstreams: list[CachedUpstreamArgs]
    """Registries that are cached."""
    admin_role_arns: list[str]
    """Roles that may delete cached images; with none, nobody may."""
    key_arns: dict[str, pulumi.Input[str]]
    """Key by region."""
    tags: dict[str, str]
    """Ownership tags."""


class CachedUpstreamSpec(Section):
    """The validated form of `CachedUpstreamArgs`."""

    upstream: Upstream
    credential_arns: dict[AwsRegion, CredentialArn] = Field(default_factory=dict)


class ImageCacheSpec(Section):
    """The plain facts of `ImageCacheArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    regions: tuple[AwsRegion, ...] = Field(min_length=1)
    upstreams: tuple[CachedUpstreamSpec, ...] = Field(min_length=1)
    admin_role_arns: tuple[str, ...]
    tags: dict[str, str]


def cache_namespace(environment: str) -> str:
    """First part of the names of cached repositories; beside the environment's own, so that none is replicated."""
    return f"{environment}-cache"


def cache_prefix(environment: str, upstream: Upstream) -> str:
    """What stands for an upstream's host in the names of cached repositories."""
    return physical_name(NameRule.ECR_CACHE_PREFIX, cache_namespace(environment), upstream.value, separator="/")


def cached_pull_statements(environment: str, region: str, account_id: str) -> list[Statement]:
    """What a role needs, besides pulling, so that its pull fills the cache.

    Amazon ECR user guide, "IAM permissions required to sync an upstream registry", read 2026-11.
    """
    repositories = arn("ecr", region, account_id, f"repository/{cache_namespace(environment)}/*")
    actions = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository", "ecr:TagResource")
    return [Statement("FillImageCache", actions, (repositories,))]


def cache_lifecycle() -> str:
    """The rule by which cached images go."""
    selection = {
        "tagStatus": "any",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": CACHED_DAYS,
    }
    rule = {
        "rulePriority": 1,
        "description": "Fetch again what is old",
        "selection": selection,
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]})


def service_role_arn(account_id: str, region: str) -> str:
    """ARN of the role in which ECR pushes what it caches; ECR makes it with the first rule.

    A service in a role is no service principal: a denial that spares services alone would stop the cache itself
    (Amazon ECR user guide, "Amazon ECR service-linked role for pull through cache", read 2026-11).
    """
    role = "role/aws-service-role/pullthroughcache.ecr.amazonaws.com/AWSServiceRoleForECRPullThroughCache"
    return arn("iam", "", account_id, role, within=region)


class ImageCache(pulumi.ComponentResource):
    """Pull-through caches of public registries, in each region that pulls."""

    prefixes: dict[str, str]
    """Upstream -> first part of its cached repositories' names, below the registry's host."""

    def __init__(self, name: str, args: ImageCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("ImageCache"), name, None, opts)
        self._name, self._args = name, args
        self._spec = parse_args(ImageCacheSpec, "ImageCache", name, args, frozenset({"key_arns"}))
        role = self._create_role()
        for region in self._spec.regions:
            template = self._create_template(region, role)
            for upstream in self._spec.upstreams:
                self._create_rule(region, upstream, template)
        environment = self._spec.environment
        self.prefixes = {one.upstream.value: cache_prefix(environment, one.upstream) for one in self._spec.upstreams}
        self.register_outputs({"prefixes": self.prefixes})

    def _create_role(self) -> pulumi.Output[str]:
        spec = self._spec
        namespace = cache_namespace(spec.environment)
        return create_template_role(
            self,
            f"{self._name}-role",
            "image-cache",
            "Makes the repositories of cached images",
            environment=spec.environment,
            repositories=[arn("ecr", region, spec.account_id, f"repository/{namespace}/*") for region in spec.regions],
            key_arns=[self._args["key_arns"][region] for region in spec.regions],
            tags=spec.tags,
        )

    def _create_template(self, region: str, role: pulumi.Output[str]) -> aws.ecr.RepositoryCreationTemplate:
        spec = self._spec
        return aws.ecr.RepositoryCreationTemplate(
            f"{self._name}-template-{region}",
            prefix=cache_namespace(spec.environment),
            description="Caches of public registries",
            applied_fors=["PULL_THROUGH_CACHE"],
            # images are pulled by digest; a tag that moves upstream is not followed
            image_tag_mutability="IMMUTABLE",
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": self._args["key_arns"][region]}],
            lifecycle_policy=cache_lifecycle(),
            repository_policy=policy_document(self._denials()),
            custom_role_arn=role,
            resource_tags=spec.tags,
            region=region,
            opts=child_options(self),
        )

    def _denials(self) -> list[Statement]:
        """Nobody but ECR writes what is taken for the upstream's."""
        spec = self._spec
        others = [Condition("ArnNotEquals", "aws:PrincipalArn", *spec.admin_role_arns)] if spec.admin_role_arns else []
        cache = service_role_arn(spec.account_id, spec.regions[0])
        return [
            refuse_other_accounts(spec.account_id),
            denial(
                "OnlyTheCachePushes", PUSH_ACTIONS, (), NO_SERVICE, Condition("ArnNotEquals", "aws:PrincipalArn", cache)
            ),
            denial("OnlyAdministratorsDelete", DELETE_ACTIONS, (), *others),
        ]

    def _create_rule(self, region: str, upstream: CachedUpstreamSpec, template: pulumi.Resource) -> None:
        aws.ecr.PullThroughCacheRule(
            f"{self._name}-{upstream.upstream.value}-{region}",
            ecr_repository_prefix=cache_prefix(self._spec.environment, upstream.upstream),
            upstream_registry_url=UPSTREAMS[upstream.upstream].host,
            credential_arn=upstream.credential_arns.get(region),
            region=region,
            # a repository that is made before the template would be as ECR makes them by itself
            opts=child_options(self, depends_on=[template]),
        )
