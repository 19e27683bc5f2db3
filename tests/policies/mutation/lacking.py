"""Good resources of kinds that the stack does not have, so that rules about those kinds have something to lose.

Owns the table `LACKING` alone. The clean stack is judged with them: a finding on one of them is a mistake here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True, slots=True)
class Lacking:
    """One resource.

    Attributes:
        token: Its type.
        name: Its logical name.
        properties: Its inputs.
        needs: Input -> name of the resource that its value comes from.
        like: Type of a resource whose provider it has.
        protect: Whether the engine refuses to delete it.
    """

    token: str
    name: str
    properties: Mapping[str, Any]
    needs: Mapping[str, str] = field(default_factory=dict)
    like: str = "aws:ec2/vpc:Vpc"
    protect: bool = False


LACKING: tuple[Lacking, ...] = (
    Lacking(
        "aws:rds/clusterInstance:ClusterInstance",
        "sessions-0",
        {
            "clusterIdentifier": "sessions",
            "engine": "aurora-postgresql",
            "instanceClass": "db.r8g.large",
            "publiclyAccessible": False,
            "region": "eu-west-1",
        },
    ),
    Lacking("aws:dms/instanceProfile:InstanceProfile", "moves", {"publiclyAccessible": False, "region": "eu-west-1"}),
)
