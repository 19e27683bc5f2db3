"""What a cluster must have: one module an add-on, with its chart, its values and what it may do in AWS.

Owns the choice of the module that knows an add-on. What is installed where, and in which order, is the business of
`components.cluster_addons`; which versions go together is `serving.blueprint.versions`.
"""

from typing import Final

from components.addons import (
    argo_rollouts,
    cert_manager,
    cluster_autoscaler,
    dcgm_exporter,
    efa_device_plugin,
    envoy_gateway,
    fluent_bit,
    karpenter,
    keda,
    kyverno,
    leader_worker_set,
    load_balancer_controller,
    nvidia_device_plugin,
    opentelemetry_collector,
    prometheus,
)
from components.addons.definition import AddonDefinition, AddonFacts, LoggedService, pod_monitor
from serving.blueprint.environment import Addon

_MODULES: Final = (
    argo_rollouts,
    cert_manager,
    cluster_autoscaler,
    dcgm_exporter,
    efa_device_plugin,
    envoy_gateway,
    fluent_bit,
    karpenter,
    keda,
    kyverno,
    leader_worker_set,
    load_balancer_controller,
    nvidia_device_plugin,
    opentelemetry_collector,
    prometheus,
)

DEFINITIONS: Final[dict[Addon, AddonDefinition]] = {module.DEFINITION.addon: module.DEFINITION for module in _MODULES}
"""Every add-on."""

__all__ = ["DEFINITIONS", "AddonDefinition", "AddonFacts", "LoggedService", "pod_monitor"]
