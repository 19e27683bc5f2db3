"""Where each resource would stand.

Owns one question, answered from what was recorded and from nothing else: in which cloud region is this? In
order: the resource's own `region` input, its provider's, the stack's default. A component is where all that it
holds is, if that is one region; what says nothing itself (a Kubernetes resource) is where the nearest such
component around its provider is, or around itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from serving.preview.aws_types import arguments_of
from serving.preview.recording import Kind, Recording, Registration
from serving.preview.values import PlanValue

_AWS_PREFIX = "aws:"
_AWS_REGION_KEY = "aws:region"


def locate(recording: Recording, inputs: Mapping[str, Mapping[str, PlanValue]]) -> dict[str, str | None]:
    """URN to region; None for what is global or cannot be placed.

    Args:
        recording: What the program registered.
        inputs: Decoded inputs by URN.
    """
    finder = _Finder(recording, inputs)
    finder.place_stated()
    finder.place_components()
    finder.place_silent()
    finder.place_components()
    return finder.found


class _Finder:
    def __init__(self, recording: Recording, inputs: Mapping[str, Mapping[str, PlanValue]]) -> None:
        self._registrations = recording.registrations
        self._by_urn = {registration.urn: registration for registration in recording.registrations}
        self._inputs = inputs
        self._default = recording.config.get(_AWS_REGION_KEY)
        self.found: dict[str, str | None] = dict.fromkeys(self._by_urn)

    def place_stated(self) -> None:
        """Place what names a region, itself or by its provider."""
        for urn, registration in self._by_urn.items():
            self.found[urn] = self._stated(urn) or self._of_aws(registration)

    def place_components(self) -> None:
        """Give a component the one region of what it holds. A parent registers first, so walk backwards."""
        below: dict[str, set[str]] = defaultdict(set)
        for registration in reversed(self._registrations):
            urn = registration.urn
            if registration.kind is Kind.COMPONENT and self.found[urn] is None and len(below[urn]) == 1:
                self.found[urn] = next(iter(below[urn]))
            region = self.found[urn]
            below[registration.parent] |= below[urn] | ({region} if region else set())

    def place_silent(self) -> None:
        """Place what has no idea of regions by the components around its provider, or around itself."""
        for urn, registration in self._by_urn.items():
            if self.found[urn] is None and not _is_aws(registration):
                provider = self._by_urn.get(_provider_urn(registration))
                around_provider = self._around(provider) if provider else None
                self.found[urn] = around_provider or self._around(registration)

    def _stated(self, urn: str) -> str | None:
        region = self._inputs.get(urn, {}).get("region")
        return region if isinstance(region, str) else None

    def _of_aws(self, registration: Registration) -> str | None:
        if not _is_aws(registration) or not _is_regional(registration.type):
            return None
        return self._stated(_provider_urn(registration)) or self._default

    def _around(self, registration: Registration) -> str | None:
        """The region of the nearest component around it, the component itself included."""
        urn = registration.urn
        while urn in self._by_urn:
            region = self.found[urn]
            if region and self._by_urn[urn].kind is Kind.COMPONENT:
                return region
            urn = self._by_urn[urn].parent
        return None


def _is_aws(registration: Registration) -> bool:
    return registration.type.startswith(_AWS_PREFIX)


def _provider_urn(registration: Registration) -> str:
    return registration.request.provider.rpartition("::")[0]


def _is_regional(type_token: str) -> bool:
    """Whether an AWS resource type takes a region; read off its arguments, since there is no list of them."""
    arguments = arguments_of(type_token)
    return arguments is None or hasattr(arguments, "region")
