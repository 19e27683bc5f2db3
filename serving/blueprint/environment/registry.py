"""Where images come from: the environment's own registry, one brought from outside, and caches of public ones.

Owns what an environment may choose. Which repositories there are follows from the blueprints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from serving.blueprint.environment.scalars import AccountId
from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Section

CredentialArn = Annotated[
    str,
    # the prefix is part of the API's own pattern (botocore 1.44.5, ecr, CredentialArn)
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:ecr-pullthroughcache/[a-zA-Z0-9/_+=.@-]+$"
    ),
]


class Upstream(StrEnum):
    """Public registries that Amazon ECR can cache."""

    ECR_PUBLIC = "ecr-public"
    KUBERNETES = "k8s"
    QUAY = "quay"
    DOCKER_HUB = "docker-hub"
    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True)
class UpstreamRegistry:
    """What Amazon ECR knows of an upstream.

    Attributes:
        host: Its host.
        needs_credentials: Whether ECR refuses a rule for it without a secret.
    """

    host: str
    needs_credentials: bool


# Hosts: botocore 1.44.5, ecr, CreatePullThroughCacheRuleRequest. Credentials: Amazon ECR user guide, "Sync an upstream
# registry with an Amazon ECR private registry", read 2026-11.
UPSTREAMS: Mapping[Upstream, UpstreamRegistry] = {
    Upstream.ECR_PUBLIC: UpstreamRegistry("public.ecr.aws", needs_credentials=False),
    Upstream.KUBERNETES: UpstreamRegistry("registry.k8s.io", needs_credentials=False),
    Upstream.QUAY: UpstreamRegistry("quay.io", needs_credentials=False),
    Upstream.DOCKER_HUB: UpstreamRegistry("registry-1.docker.io", needs_credentials=True),
    Upstream.GITHUB: UpstreamRegistry("ghcr.io", needs_credentials=True),
    Upstream.GITLAB: UpstreamRegistry("registry.gitlab.com", needs_credentials=True),
}


PublicKey = Annotated[
    str,
    StringConstraints(pattern=r"^-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]{80,2000}-----END PUBLIC KEY-----\n?$"),
]
"""A public key, PEM."""


class CachedRegistry(Section):
    """A public registry whose images are kept in the environment's own."""

    upstream: Upstream = Field(description="Which one.")
    credential_arns: dict[str, CredentialArn] = Field(
        default_factory=dict,
        description="Region -> secret with the account there; its name begins with `ecr-pullthroughcache/`.",
    )

    @model_validator(mode="after")
    def _check(self) -> CachedRegistry:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        if UPSTREAMS[self.upstream].needs_credentials and not self.credential_arns:
            yield Finding(
                ("credential_arns",),
                f"'{self.upstream}' without credentials",
                effect="Amazon ECR caches this registry only with an account there",
                remedy="name a secret for each serving region, or take an upstream that needs none",
                allowed=tuple(name.value for name, known in UPSTREAMS.items() if not known.needs_credentials),
            )
        for region, secret in self.credential_arns.items():
            if secret.split(":")[3] != region:
                yield Finding(
                    ("credential_arns", region),
                    f"the secret is in {secret.split(':')[3]}, not in {region}",
                    effect="Amazon ECR reads credentials only in the region of the cache",
                    remedy=f"replicate the secret to {region} and name that copy",
                )


class ExistingRegistry(Section):
    """A registry that somebody else keeps: nothing of it is made, images are only named."""

    account_id: AccountId = Field(
        description="AWS account of the registry, quoted. Its repositories must let this account pull."
    )
    prefix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$", max_length=100)] = Field(
        description="First part of the repositories' names."
    )


class Registry(Section):
    """Where images come from."""

    existing: ExistingRegistry | None = Field(
        default=None, description="A registry from outside, with the images in every region that serves."
    )
    signing: bool = Field(
        default=True, description="Whether Amazon ECR signs what is pushed. A setting of the account and region."
    )
    signature_keys: tuple[PublicKey, ...] = Field(
        default=(),
        max_length=4,
        description="Public keys with which the release pipeline signs images (cosign, PEM): tenants' pods may then "
        "only use images that one of them signed. None by default: signatures are not asked for.",
    )
    caches: tuple[CachedRegistry, ...] = Field(
        default=(), max_length=len(Upstream), description="Public registries that are cached; none by default."
    )

    @model_validator(mode="after")
    def _check(self) -> Registry:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        upstreams = [cache.upstream for cache in self.caches]
        for index, upstream in enumerate(upstreams):
            if upstream in upstreams[:index]:
                yield Finding(
                    ("caches", index, "upstream"),
                    f"'{upstream}' stands twice",
                    effect="two rules would claim one prefix",
                    remedy="keep one of the two",
                )


__all__ = ["UPSTREAMS", "CachedRegistry", "ExistingRegistry", "Registry", "Upstream", "UpstreamRegistry"]
