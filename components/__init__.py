"""The published components: the parts of a model-serving stack, for Python programs and every Pulumi language.

Owns the list of what is public: a component here, with its arguments (`Network`, `NetworkArgs`). Everything
else in this folder may change without notice. Nothing is loaded until it is asked for, so that importing the
package costs nothing.
"""

import importlib
from typing import Any

MODULES: dict[str, str] = {
    "AccessLogBucket": "access_log_bucket",
    "AccountDefaults": "account_defaults",
    "Admission": "admission",
    "ArtifactRegistry": "artifact_registry",
    "Audit": "audit",
    "AuditTrail": "audit_trail",
    "Backup": "backup",
    "Certificates": "certificates",
    "Cluster": "cluster",
    "ClusterAddons": "cluster_addons",
    "ConfigurationRecorder": "configuration_recorder",
    "CostGuardrails": "cost_guardrails",
    "DeliveryQueue": "delivery_queue",
    "DnsZone": "dns_zone",
    "EncryptionKeys": "keys",
    "FeatureStore": "feature_store",
    "Gateway": "gateway",
    "GlobalAccelerator": "global_accelerator",
    "GlobalRouting": "global_routing",
    "GpuNodeGroup": "gpu_node_group",
    "ImageCache": "image_cache",
    "KarpenterPrerequisites": "karpenter_prerequisites",
    "LoadBalancer": "load_balancer",
    "ModelService": "model_service",
    "ModelStore": "model_store",
    "Network": "network",
    "NetworkPeering": "network_peering",
    "NodeGroup": "node_group",
    "NodePools": "node_pools",
    "Observability": "observability",
    "PersonalDataDiscovery": "personal_data_discovery",
    "RegionSwitch": "region_switch",
    "RegionalReplica": "regional_replica",
    "SecureBucket": "bucket",
    "SecurityPosture": "security_posture",
    "ServingPlatform": "serving_platform",
    "StateBackend": "state_backend",
    "Tenant": "tenant",
    "ThreatDetection": "threat_detection",
}
"""Component -> module. The arguments of a component stand beside it, named component + `Args`."""

__all__ = tuple(sorted([*MODULES, *(f"{component}Args" for component in MODULES)]))


def __getattr__(name: str) -> Any:  # noqa: ANN401  (a class; which one is what the name says)
    module = MODULES.get(name) or MODULES.get(name.removesuffix("Args"))
    if module is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
