"""Who may call: the identity provider whose tokens the gateways verify.

Owns what an environment states of it. Which groups may call a service is its blueprint's (`governance.access.invoke`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from serving.blueprint.environment.audit import Provision
from serving.blueprint.errors import Finding
from serving.blueprint.findings import raise_findings
from serving.blueprint.schema.base import Section

# the longest of these that the gateway takes: envoyproxy/gateway v1.9.0, api/v1alpha1/jwt_types.go, read 2026-11
_ShortUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$", max_length=253)]

Claim = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/-]+$", max_length=253)]
"""Name of a claim; a dot leads into a nested one."""


class Callers(Section):
    """Who calls, and how that is known."""

    authentication: Provision = Field(
        default=Provision.MANAGED,
        description="`managed`: the gateways verify tokens; `provided`: something before them does.",
    )
    issuer: _ShortUrl | None = Field(default=None, description="Issuer of the tokens (claim `iss`).")
    jwks_uri: _ShortUrl | None = Field(
        default=None, description="Where its public keys are; the gateways must reach it."
    )
    audiences: tuple[str, ...] = Field(
        default=(),
        max_length=8,  # envoyproxy/gateway v1.9.0, api/v1alpha1/jwt_types.go, Audiences
        description="Audiences of which a token must name one.",
    )
    groups_claim: Claim = Field(default="groups", description="Claim with the caller's groups, a list of texts.")
    caller_claim: Claim = Field(
        default="sub", description="Claim that tells callers apart, a text; limits are counted by it."
    )

    @model_validator(mode="after")
    def _check(self) -> Callers:
        raise_findings(self._findings())
        return self

    def _findings(self) -> Iterator[Finding]:
        stated = {"issuer": self.issuer, "jwks_uri": self.jwks_uri, "audiences": self.audiences}
        for key, value in stated.items():
            if self.verified and not value:
                yield Finding(
                    (key,),
                    f"tokens are to be verified, but {key} is not stated",
                    effect="a token of anybody, or one meant for somebody else, would do",
                    remedy=f"state callers.{key}, or authentication: provided where something else verifies",
                )
            elif not self.verified and value:
                yield Finding(
                    (key,),
                    f"authentication is provided by others, but {key} is stated",
                    effect="nothing would look at it",
                    remedy=f"remove callers.{key}, or state authentication: managed",
                )

    @property
    def verified(self) -> bool:
        """Whether the gateways verify tokens."""
        return self.authentication is Provision.MANAGED
