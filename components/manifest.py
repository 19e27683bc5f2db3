"""Kubernetes objects and Helm releases, registered from plain manifests.

Owns how a manifest (the JSON that the API server sees) becomes a Pulumi resource. A manifest is data: the
same dictionary is what tests read, what a preview writes to a folder, and what the API server gets. The typed
classes of pulumi-kubernetes would say the same, but importing them costs 1.2 s of CPU for `core/v1` alone
(measured with 4.34), more than a whole preview; types and property names on the wire are theirs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.options import child_options
from serving.blueprint.versions import Chart

Manifest = Mapping[str, Any]
"""`apiVersion`, `kind`, `metadata` and the rest, in the API server's own words."""

FORCE_OWNERSHIP = {"pulumi.com/patchForce": "true"}
"""Annotation for objects in which a controller writes fields that are ours at rest (the weights of a route).

Without it the next change of the object would end in a conflict with that controller.
"""

DO_NOT_WAIT = {"pulumi.com/skipAwait": "true"}
"""Annotation for objects that may rightly never become ready."""

_RELEASE_TIMEOUT_SECONDS = 600


class KubernetesObject(pulumi.CustomResource):
    """One object of a cluster."""

    def __init__(self, name: str, manifest: Manifest, opts: pulumi.ResourceOptions) -> None:
        super().__init__(type_token(manifest), name, dict(manifest), opts)


class LastingObject(pulumi.CustomResource):
    """One object that a cluster keeps when the stack goes, and that may be there already when it comes.

    A type that ends in `Patch` is made by server-side apply, whether the object exists or not; any other is refused
    if it does (pulumi-kubernetes 4.29 and later, provider/pkg/await/await.go, `Creation`, read 2026-11).
    """

    def __init__(self, name: str, manifest: Manifest, opts: pulumi.ResourceOptions) -> None:
        super().__init__(f"{type_token(manifest)}Patch", name, dict(manifest), opts)


class HelmRelease(pulumi.CustomResource):
    """One pinned Helm release; ready when all that it installs is ready, rolled back as a whole if not."""

    def __init__(self, name: str, chart: Chart, values: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__("kubernetes:helm.sh/v3:Release", name, _release(chart, values), opts)


def create_object(
    parent: pulumi.Resource, name: str, manifest: Manifest, depends_on: Sequence[pulumi.Resource] = ()
) -> KubernetesObject:
    """Register an object as a child.

    Args:
        parent: The component.
        name: Logical name.
        manifest: The object; it names itself and its namespace.
        depends_on: What must exist first, e.g. the release that installs its kind.
    """
    return KubernetesObject(name, manifest, child_options(parent, depends_on=depends_on))


def create_lasting_object(
    parent: pulumi.Resource, name: str, manifest: Manifest, depends_on: Sequence[pulumi.Resource] = ()
) -> LastingObject:
    """Register an object as a child that outlives it; who makes it again takes over every field."""
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), **FORCE_OWNERSHIP}
    lasting = {**manifest, "metadata": {**metadata, "annotations": annotations}}
    return LastingObject(name, lasting, child_options(parent, depends_on=depends_on, outlives=True))


def create_release(
    parent: pulumi.Resource,
    name: str,
    chart: Chart,
    values: Mapping[str, Any],
    depends_on: Sequence[pulumi.Resource] = (),
) -> HelmRelease:
    """Register a release as a child."""
    return HelmRelease(name, chart, values, child_options(parent, depends_on=depends_on))


def type_token(manifest: Manifest) -> str:
    """Pulumi's type token of an object: the core group has no name in the API but one in Pulumi."""
    version: str = manifest["apiVersion"]
    group_version = version if "/" in version else f"core/{version}"
    return f"kubernetes:{group_version}:{manifest['kind']}"


def declared_dependencies(opts: pulumi.ResourceOptions | None) -> tuple[pulumi.Resource, ...]:
    """What the caller of a component said must exist first.

    Pulumi's Python SDK keeps `depends_on` of a component to the component itself; its children would be
    created at once. A component hands this to its first children.
    """
    declared = opts.depends_on if opts is not None else None
    if declared is None:
        return ()
    if isinstance(declared, pulumi.Resource):
        return (declared,)
    if not isinstance(declared, Sequence):
        raise TypeError("depends_on of a component must be plain resources, not an output")
    return tuple(item for item in declared if isinstance(item, pulumi.Resource))


def _release(chart: Chart, values: Mapping[str, Any]) -> dict[str, Any]:
    oci = chart.repository.startswith("oci://")
    return {
        "name": chart.name,
        "chart": f"{chart.repository}/{chart.name}" if oci else chart.name,
        "version": chart.version,
        "namespace": chart.namespace,
        "createNamespace": False,  # namespaces carry labels of their own
        "atomic": True,
        "timeout": _RELEASE_TIMEOUT_SECONDS,
        "values": dict(values),
    } | ({} if oci else {"repositoryOpts": {"repo": chart.repository}})
