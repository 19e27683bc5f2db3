"""Amounts of pods: what the containers of one ask for together.

Owns how containers, first containers and sidecars add up. It judges nothing.
"""

from __future__ import annotations

from policies.quantities import amount
from policies.views import Node


def pod_amount(template: Node, kind: str, name: str) -> float:
    """What one pod requests of a resource, or its limit.

    What is not stated counts nothing: a LimitRange may add to it.

    Args:
        template: The pod template.
        kind: `requests` or `limits`.
        name: The resource, as `cpu` or `nvidia.com/gpu`.
    """
    spec = template["spec"]
    whole = amount(spec["resources"][kind][name])
    if whole is not None:
        return whole
    servers = sum(_amount(container, kind, name) for container in spec["containers"].items())
    first = 0.0
    for container in spec["initContainers"].items():
        asked = _amount(container, kind, name)
        if container["restartPolicy"].text() == "Always":  # a sidecar: it stays
            servers += asked
        else:
            first = max(first, asked)
    return max(servers, first)


def _amount(container: Node, kind: str, name: str) -> float:
    """A limit without a request is the request, too."""
    stated = amount(container["resources"][kind][name])
    if stated is None and kind == "requests":
        stated = amount(container["resources"]["limits"][name])
    return stated or 0.0
