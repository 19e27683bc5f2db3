"""What the monitor saw: frozen records of one run of a program, raw and in memory only.

Owns the shapes between `monitor` (which writes them) and `build` and `policy_driver` (which read them).
Requests are kept as they came, secrets in clear, because the policy pack is owed the same requests as under
the real engine. Nothing here is ever written out: `build` makes the masked `plan.Plan`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct
    from pulumi.runtime.proto.resource_pb2 import ReadResourceRequest, RegisterResourceRequest


class Kind(StrEnum):
    """What stands behind a registration.

    CUSTOM: a provider manages it. PROVIDER: it is a provider. COMPONENT: a grouping in the program.
    READ: it exists already and is only looked up (`get`, stack references).
    """

    CUSTOM = "custom"
    PROVIDER = "provider"
    COMPONENT = "component"
    READ = "read"


class Severity(StrEnum):
    """How much a message of the program matters, in the words of `pulumi.log`."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Registration:
    """One registered or read resource."""

    urn: str
    type: str
    name: str
    kind: Kind
    parent: str
    inputs: Struct
    request: RegisterResourceRequest | ReadResourceRequest


@dataclass(frozen=True, slots=True)
class Message:
    """One line that the program logged or printed."""

    severity: Severity
    text: str
    urn: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A function or method call that only a provider can answer."""

    token: str


@dataclass(frozen=True, slots=True)
class Recording:
    """One run of a program.

    Attributes:
        project: The project's name.
        stack: The stack's name.
        config: The configuration that the program received.
        registrations: In the order in which they came.
        duplicates: Registrations whose URN was taken; not among `registrations`.
        outputs: What components registered at the end, by URN; the stack's own are its exports.
        messages: What the program logged and printed.
        lookups: Calls that the embedded preview could not answer.
        transforms: How many resource transforms the program declared; none of them ran.
    """

    project: str
    stack: str
    config: dict[str, str]
    registrations: tuple[Registration, ...]
    duplicates: tuple[Registration, ...]
    outputs: dict[str, Struct]
    messages: tuple[Message, ...]
    lookups: tuple[Lookup, ...]
    transforms: int
