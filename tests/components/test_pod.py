from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components.engines import MODEL_DIRECTORY, SCRATCH_DIRECTORY
from components.node_labels import ACCELERATOR_LABEL, GPU_RESOURCE, GPU_TAINT_KEY, PURPOSE_LABEL, ZONE_LABEL
from components.pod import pod_template
from components.workload import Workload
from serving.blueprint.tags import (
    LINEAGE_KEYS,
    MANIFEST_ANNOTATION,
    MODEL_CARD_ANNOTATION,
    OWNERSHIP_KEYS,
    SIGNER_ANNOTATION,
)
from tests.components.serving_samples import CONTEXT, NAMES, REGISTRY, WORKLOADS, workload

every_workload = pytest.mark.parametrize("sample", WORKLOADS, ids=NAMES)


def template(sample: Workload) -> dict[str, Any]:
    return pod_template(sample, CONTEXT)


def spec(sample: Workload) -> dict[str, Any]:
    found: dict[str, Any] = template(sample)["spec"]
    return found


def containers(sample: Workload) -> Iterator[dict[str, Any]]:
    yield from spec(sample)["initContainers"]
    yield from spec(sample)["containers"]


def server(sample: Workload) -> dict[str, Any]:
    (found,) = spec(sample)["containers"]
    assert isinstance(found, dict)
    return found


def gib(quantity: str) -> float:
    units = {"Gi": 1.0, "Mi": 1 / 1024}
    return float(quantity[:-2]) * units[quantity[-2:]]


@every_workload
def test_every_image_is_named_by_digest_from_the_one_registry(sample: Workload) -> None:
    for container in containers(sample):
        assert container["image"].startswith(f"{REGISTRY}/")
        assert "@sha256:" in container["image"]


@every_workload
def test_no_container_can_write_to_its_image_or_gain_rights(sample: Workload) -> None:
    for container in containers(sample):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
    pod = spec(sample)["securityContext"]
    assert pod["runAsNonRoot"] is True
    assert pod["runAsUser"] > 10_000
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}


@every_workload
def test_replicas_have_an_account_of_their_own_and_no_token(sample: Workload) -> None:
    assert spec(sample)["serviceAccountName"] == sample.blueprint.name
    assert spec(sample)["automountServiceAccountToken"] is False


@every_workload
def test_every_volume_is_bounded_and_mounted(sample: Workload) -> None:
    volumes = {volume["name"]: volume for volume in spec(sample)["volumes"]}
    mounted = {mount["name"] for container in containers(sample) for mount in container["volumeMounts"]}
    assert mounted == set(volumes)
    # what Kubernetes itself writes, from the pod's annotations, is bounded by those
    written = [volume for volume in volumes.values() if "downwardAPI" not in volume]
    assert all(volume["emptyDir"]["sizeLimit"] for volume in written)


@every_workload
def test_the_model_is_verified_before_the_server_sees_it_and_never_written_by_it(sample: Workload) -> None:
    fetch, *stages = spec(sample)["initContainers"]
    manifest = sample.model.manifest
    assert f"--digest={manifest.digest}" in fetch["args"]
    assert f"--signer={manifest.signer}" in fetch["args"]
    assert f"--manifest=s3://{CONTEXT.model_bucket}/{manifest.path}" in fetch["args"]
    (mount,) = [mount for mount in server(sample)["volumeMounts"] if mount["mountPath"] == MODEL_DIRECTORY]
    assert mount["readOnly"] is True
    assert all(mount["mountPath"] != MODEL_DIRECTORY for stage in stages for mount in stage["volumeMounts"])


@every_workload
def test_the_model_fits_into_its_volume_and_all_disk_volumes_into_the_limit(sample: Workload) -> None:
    disks = {
        volume["name"]: gib(volume["emptyDir"]["sizeLimit"])
        for volume in spec(sample)["volumes"]
        if volume.get("emptyDir", {"medium": "Memory"}).get("medium") != "Memory"
    }
    assert disks["model"] > sample.model.size_gib
    _, *stages = spec(sample)["initContainers"]
    running = [server(sample), *stages]
    assert sum(disks.values()) <= sum(gib(one["resources"]["limits"]["ephemeral-storage"]) for one in running)


@every_workload
def test_memory_and_accelerators_are_requested_as_they_are_limited(sample: Workload) -> None:
    for container in containers(sample):
        requests, limits = container["resources"]["requests"], container["resources"]["limits"]
        assert limits.items() <= requests.items()
        assert {"memory", "ephemeral-storage"} <= set(limits)
        assert "cpu" in requests


@every_workload
def test_replicas_go_to_nodes_that_were_bought_for_such(sample: Workload) -> None:
    resources = sample.model.resources
    limits = server(sample)["resources"]["limits"]
    if not resources.accelerators:
        assert GPU_RESOURCE not in limits
        assert "tolerations" not in spec(sample)
        assert spec(sample)["nodeSelector"] == {PURPOSE_LABEL: "cpu"}
        return
    assert limits[GPU_RESOURCE] == str(resources.accelerators)
    assert spec(sample)["nodeSelector"] == {ACCELERATOR_LABEL: resources.accelerator.value}
    assert [toleration["key"] for toleration in spec(sample)["tolerations"]] == [GPU_TAINT_KEY]


SHARES: list[tuple[dict[str, object], str, str]] = [
    ({"kind": "time-slicing"}, "nvidia.com/gpu.shared", "nvidia-l4-time-slicing"),
    ({"kind": "mig", "profile": "1g.10gb"}, GPU_RESOURCE, "nvidia-l4-mig-1g.10gb"),
]


@pytest.mark.parametrize(("share", "resource", "label"), SHARES, ids=["time-slicing", "mig"])
def test_a_share_of_an_accelerator_is_sought_where_it_is_offered(
    share: dict[str, object], resource: str, label: str
) -> None:
    sample = workload(
        "embedding",
        **{"model.resources.accelerator_share": share, "model.engine.arguments": ["--gpu-memory-utilization=0.4"]},
    )
    limits = server(sample)["resources"]["limits"]
    assert {name: count for name, count in limits.items() if name.startswith("nvidia.com")} == {resource: "1"}
    assert spec(sample)["nodeSelector"] == {ACCELERATOR_LABEL: label}


@every_workload
def test_a_start_may_take_twice_the_measured_time(sample: Workload) -> None:
    probe = server(sample)["startupProbe"]
    cold_start = sample.model.cold_start
    budget = probe["periodSeconds"] * probe["failureThreshold"]
    assert budget >= 2 * (cold_start.load_seconds + cold_start.warm_up_seconds)


@every_workload
def test_probes_ask_a_port_that_the_container_declares(sample: Workload) -> None:
    declared = {port["containerPort"] for port in server(sample)["ports"]}
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert server(sample)[name]["httpGet"]["port"] in declared


def test_a_server_that_speaks_only_grpc_is_probed_by_grpc() -> None:
    schema = {"type": "object"}
    custom = {
        "contract.protocol": "grpc",
        "contract.request": schema,
        "contract.response": schema,
        "contract.stages": {},
        "contract.supported_versions": [],
        "model.engine": {
            "name": "custom",
            "version": "1.0.0",
            "image": "serving/own",
            "image_digest": "sha256:" + "b" * 64,
            "custom": {"port": 9000},
        },
        "observability.metrics": {"throughput": "own_requests_total"},
        "scaling.triggers": [{"signal": "throughput", "target": 10}],
        "rollout.analysis": [{"signal": "error-rate", "max_value": 1}],
        "degradation": {},
    }
    assert server(workload(**custom))["readinessProbe"]["grpc"] == {"port": 9000}


@every_workload
def test_the_longest_request_ends_before_the_kill(sample: Workload) -> None:
    unseen = server(sample)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec(sample)["terminationGracePeriodSeconds"] > unseen + sample.request_seconds


@pytest.mark.parametrize(("version", "drains"), [("0.17.1", False), ("0.32.0", True)])
def test_a_server_that_drops_what_runs_is_told_to_stop_after_it_ended(version: str, drains: bool) -> None:
    sample = workload("chat", **{"model.engine.version": version})
    asleep = server(sample)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert (asleep >= sample.unseen_seconds + sample.request_seconds) is not drains
    assert spec(sample)["terminationGracePeriodSeconds"] > asleep


def test_a_stated_inference_timeout_is_part_of_the_longest_request() -> None:
    short = workload(**{"contract.stages.inference.timeout_ms": 80})
    long = workload(**{"contract.stages.inference.timeout_ms": 30_080})
    assert long.request_seconds == short.request_seconds + 30


@pytest.mark.parametrize(("tier", "when"), [(0, "DoNotSchedule"), (1, "DoNotSchedule"), (2, "ScheduleAnyway")])
def test_zones_are_filled_evenly_where_users_would_notice(tier: int, when: str) -> None:
    sample = workload(**{"identity.tier": tier})
    spread = {one["topologyKey"]: one["whenUnsatisfiable"] for one in spec(sample)["topologySpreadConstraints"]}
    assert spread[ZONE_LABEL] == when


@every_workload
def test_replicas_fit_into_the_zones_that_are_left(sample: Workload) -> None:
    for constraint in spec(sample)["topologySpreadConstraints"]:
        assert "minDomains" not in constraint
        assert constraint["nodeTaintsPolicy"] == "Honor"
        assert constraint["labelSelector"]["matchLabels"].items() <= template(sample)["metadata"]["labels"].items()


@every_workload
def test_pods_carry_ownership_lineage_and_the_signed_manifest(sample: Workload) -> None:
    metadata = template(sample)["metadata"]
    marks = metadata["labels"] | metadata["annotations"]
    assert all(marks.get(key.label) for key in (*OWNERSHIP_KEYS, *LINEAGE_KEYS))
    assert marks[MANIFEST_ANNOTATION] == sample.model.manifest.path
    assert marks[SIGNER_ANNOTATION] == sample.model.manifest.signer
    assert marks.get(MODEL_CARD_ANNOTATION) == sample.blueprint.governance.model_card


@every_workload
def test_ports_of_a_container_have_names_of_their_own(sample: Workload) -> None:
    ports = server(sample)["ports"]
    assert len({port["name"] for port in ports}) == len({port["containerPort"] for port in ports}) == len(ports)


@every_workload
def test_a_home_directory_exists_although_the_image_cannot_be_written(sample: Workload) -> None:
    for container in containers(sample):
        assert {"name": "HOME", "value": SCRATCH_DIRECTORY} in container["env"]
