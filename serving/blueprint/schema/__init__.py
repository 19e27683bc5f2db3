"""The blueprint: one frozen, typed document per model service.

Owns the shape of the document and the rules inside one section. Rules between sections are in
`serving.blueprint.crosschecks`; reading files is the loader's. Nothing here touches a file or a network.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from serving.blueprint.schema.base import Section
from serving.blueprint.schema.contract import Contract
from serving.blueprint.schema.cost import Cost
from serving.blueprint.schema.degradation import Degradation
from serving.blueprint.schema.governance import Governance
from serving.blueprint.schema.identity import Identity
from serving.blueprint.schema.incidents import Incidents
from serving.blueprint.schema.model import Model, Resources
from serving.blueprint.schema.observability import Observability
from serving.blueprint.schema.recovery import Recovery
from serving.blueprint.schema.rollout import Rollout
from serving.blueprint.schema.scaling import Scaling
from serving.blueprint.schema.slo import Slo

SCHEMA_VERSION = 1


class Blueprint(Section):
    """Everything that is to be known of one model service."""

    schema_version: Literal[1] = Field(alias="schema", description="Version of this document's own schema.")
    identity: Identity = Field(description="Who the service is and whose it is.")
    contract: Contract = Field(description="What consumers may rely on, and the stages that keep it.")
    model: Model = Field(description="The model that is served.")
    slo: Slo = Field(description="What users are promised.")
    scaling: Scaling = Field(description="How many replicas, on what signal, how fast.")
    governance: Governance = Field(description="What data it is, where the model comes from, who may do what.")
    cost: Cost = Field(description="The ceiling and what happens on the way to it.")
    rollout: Rollout = Field(default=Rollout(), description="How a new version takes over.")
    degradation: Degradation = Field(default=Degradation(), description="The ladder of worse but working answers.")
    recovery: Recovery = Field(default=Recovery(), description="Promises about losses, and what keeps them.")
    observability: Observability = Field(default=Observability(), description="What is measured, logged, drawn.")
    incidents: Incidents = Field(default=Incidents(), description="Who is called, and what they may decide.")
    overridable: tuple[str, ...] = Field(
        default=(),
        description="Key paths (`scaling.max_replicas`) that an environment may override; none by default.",
    )

    @model_validator(mode="after")
    def _check(self) -> Blueprint:
        # imported here because the cross-checks are written in terms of the sections
        from serving.blueprint.crosschecks import cross_findings
        from serving.blueprint.findings import raise_findings

        raise_findings(cross_findings({name: getattr(self, name) for name in type(self).model_fields}))
        return self

    @property
    def name(self) -> str:
        """The service's name."""
        return self.identity.name

    def replica_resources(self, model: Model) -> Resources:
        """What one replica of a model takes: its server, and the programs of the stages beside it."""
        stages, server = self.contract.stages, model.resources
        return server.model_copy(
            update={
                "cpu": server.cpu + stages.further_cpu,
                "memory_gib": server.memory_gib + stages.further_memory_gib,
            }
        )

    @property
    def callers(self) -> tuple[str, ...]:
        """Groups that may call; any caller that the environment knows where none is named."""
        return self.governance.access.invoke

    @property
    def deployers(self) -> tuple[str, ...]:
        """Groups that may deploy it, ask for what users do not get yet, and take steps of its ladder."""
        return self.governance.access.deploy or (self.identity.owner,)

    @property
    def data_name(self) -> str:
        """The name of what holds the service's data; it stays when the service gets another name."""
        return self.identity.data_name or self.identity.name


__all__ = ["SCHEMA_VERSION", "Blueprint"]
