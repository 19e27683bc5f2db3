"""What an environment says of its feature stores beside what the blueprints say."""

from __future__ import annotations

from pydantic import Field

from serving.blueprint.environment.scalars import RoleArn
from serving.blueprint.schema.base import Section


class FeatureStoreSettings(Section):
    """The feature stores."""

    max_read_units: int | None = Field(
        default=None,
        ge=1,
        description="Most read request units a second of a table; a bound on costs, none by default.",
    )
    max_write_units: int | None = Field(
        default=None, ge=1, description="The same of writes; a pipeline that runs wild is slowed down, not paid for."
    )
    pipeline_role_arns: tuple[RoleArn, ...] = Field(
        default=(), description="Roles of pipelines that use the history of features from outside the networks."
    )
