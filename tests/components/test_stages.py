from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from components.engines import SCRATCH_DIRECTORY
from components.pod import PodContext, pod_template
from components.stages import SETTINGS_ANNOTATION
from components.workload import Workload
from serving.blueprint.schema.stage_programs import ADMIN_PORT, ENTRY_PORT
from serving.stages.later import ENDING_SIGNAL
from serving.stages.settings import load
from serving.telemetry.metrics import VARIANT_LABEL
from tests.components.serving_samples import CONTEXT, NAMES, NEW_VERSION, WORKLOADS, workload
from tests.documents import blueprint

every_workload = pytest.mark.parametrize("sample", WORKLOADS, ids=NAMES)
FEATURES = {"FEATURE_TABLE": "features"}
READING = PodContext(CONTEXT.region, CONTEXT.registry, "serving/tools", "sha256:" + "a" * 64, "models", FEATURES)


def template(sample: Workload, context: PodContext = CONTEXT) -> dict[str, Any]:
    return pod_template(sample, context)


def sidecars(sample: Workload, context: PodContext = CONTEXT) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in template(sample, context)["spec"]["initContainers"] if "restartPolicy" in one}


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container["env"]}


def test_where_nothing_is_declared_nothing_is_rendered() -> None:
    sample = workload("embedding", **{"contract.delivery": ["sync"], "contract.stages": {}})
    assert sidecars(sample) == {}
    assert SETTINGS_ANNOTATION not in template(sample)["metadata"]["annotations"]
    assert all("stage" not in volume["name"] for volume in template(sample)["spec"]["volumes"])


def test_stages_start_before_what_calls_them_and_all_of_them_before_the_server() -> None:
    assert list(sidecars(workload())) == ["features", "delivery", "ingress"]
    assert list(sidecars(workload("chat"))) == ["ingress"]
    names = [one["name"] for one in template(workload())["spec"]["initContainers"]]
    assert names[0] == "model-fetch"  # a replica without its model needs no stages


@every_workload
def test_stages_stay_until_the_server_has_ended(sample: Workload) -> None:
    assert all(one["restartPolicy"] == "Always" for one in sidecars(sample).values())
    assert not any("sleep" in str(one.get("lifecycle")) for one in sidecars(sample).values())


@every_workload
def test_the_program_knows_what_the_contract_says(sample: Workload) -> None:
    if not sidecars(sample):
        return
    settings = load(template(sample)["metadata"]["annotations"][SETTINGS_ANNOTATION])
    contract = sample.blueprint.contract
    assert settings.server.port == sample.server.port
    assert settings.readiness_path == sample.server.readiness_path
    assert settings.max_request_bytes == contract.max_request_bytes
    assert set(settings.versions) == {contract.version, *(one.version for one in contract.supported_versions)}
    assert {step.stage: step.port for step in settings.steps if step.stage != "inference"} == {
        name: one.port for name, one in contract.stages.containers.items()
    }


def test_the_program_reads_the_settings_of_its_own_pod() -> None:
    spec = template(workload())["spec"]
    (volume,) = [one for one in spec["volumes"] if "downwardAPI" in one]
    (item,) = volume["downwardAPI"]["items"]
    assert item["fieldRef"]["fieldPath"] == f"metadata.annotations['{SETTINGS_ANNOTATION}']"
    ingress = sidecars(workload())["ingress"]
    (mount,) = [one for one in ingress["volumeMounts"] if one["name"] == volume["name"]]
    assert f"--settings={mount['mountPath']}/{item['path']}" in ingress["args"]


def test_another_contract_is_another_version_of_the_replicas_and_another_model_no_other_contract() -> None:
    def settings(**changes: object) -> str:
        text: str = template(workload(**changes))["metadata"]["annotations"][SETTINGS_ANNOTATION]
        return text

    assert settings() == settings()
    assert settings(**{"contract.max_request_bytes": 1_024}) != settings()
    assert settings(**NEW_VERSION) == settings()


def test_a_stand_in_is_asked_for_by_its_own_name_where_paths_name_the_model() -> None:
    changes: dict[str, object] = {
        "contract.protocol": "open-inference-v2",
        "contract.path": "/v2/models/fraud-gbm/infer",
        "contract.stages.inference.input": {"type": "object"},
    }
    own = workload(**changes)
    smaller = own.model.model_copy(update={"name": "fraud-small"})
    for sample, model in ((own, "fraud-gbm"), (replace(own, model=smaller, stands_in=True), "fraud-small")):
        settings = load(template(sample)["metadata"]["annotations"][SETTINGS_ANNOTATION])
        assert settings.request_path == f"/v2/models/{model}/infer"


def test_only_what_reads_features_is_told_where_they_are() -> None:
    told = sidecars(workload(), READING)
    (server,) = template(workload(), READING)["spec"]["containers"]
    assert [name for name, one in told.items() if FEATURES.items() <= environment(one).items()] == ["features"]
    assert not FEATURES.items() <= environment(server).items()


def test_where_no_container_reads_features_the_server_does() -> None:
    sample = workload(**{"contract.stages.features.container": None})
    (server,) = template(sample, READING)["spec"]["containers"]
    assert FEATURES.items() <= environment(server).items()


@every_workload
def test_no_two_containers_of_a_pod_listen_on_one_port(sample: Workload) -> None:
    spec = template(sample)["spec"]
    ports = [port for one in (*spec["containers"], *spec["initContainers"]) for port in one.get("ports", [])]
    assert len({port["containerPort"] for port in ports}) == len(ports)
    assert len({port["name"] for port in ports}) == len(ports)
    assert all(len(port["name"]) <= 15 for port in ports)  # IANA service names (RFC 6335)


@every_workload
def test_what_a_replica_asks_for_is_what_capacity_is_planned_with(sample: Workload) -> None:
    planned = sample.blueprint.replica_resources(sample.model)
    running = [*template(sample)["spec"]["containers"], *sidecars(sample).values()]
    cores = sum(int(one["resources"]["requests"]["cpu"].removesuffix("m")) for one in running)
    memory = sum(int(one["resources"]["requests"]["memory"].removesuffix("Mi")) for one in running)
    assert cores == round(planned.cpu * 1_000)
    assert memory == round(planned.memory_gib * 1_024)


@every_workload
def test_programs_are_probed_on_ports_that_they_declare_and_write_nowhere_but_scratch(sample: Workload) -> None:
    for one in sidecars(sample).values():
        declared = {port["containerPort"] for port in one["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert one[probe]["httpGet"]["port"] in declared
        assert [mount["mountPath"] for mount in one["volumeMounts"] if not mount.get("readOnly")] == [SCRATCH_DIRECTORY]


def refused(**changes: object) -> str:
    with pytest.raises(ValidationError) as caught:
        blueprint("fraud-score", **changes)
    return str(caught.value)


def test_a_container_that_nothing_calls_is_refused() -> None:
    assert "no program although features and delivery" in refused(**{"contract.stages.ingress.validation": None})


def test_requests_on_an_unknown_path_cannot_be_validated() -> None:
    assert "on which path" in refused(**{"contract.path": None})


@pytest.mark.parametrize("port", [8_080, ENTRY_PORT, ADMIN_PORT, 9_001])
def test_a_port_that_another_container_has_is_refused(port: int) -> None:
    assert "port" in refused(**{"contract.stages.features.container.port": port})


def test_limits_of_tokens_are_for_language_models() -> None:
    assert "chat-completions" in refused(**{"contract.limits.max_output_tokens": 5})


def test_a_limit_that_nothing_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="a limit that nothing holds"):
        blueprint("chat", **{"contract.stages.ingress.validation": None})


def test_schemas_that_do_not_fit_into_a_pods_annotations_are_refused() -> None:
    schema = {"type": "object", "description": "x" * 140_000}
    assert "the public schemas have 14" in refused(**{"contract.request": schema})


def test_a_protocol_with_a_path_of_its_own_takes_no_other() -> None:
    with pytest.raises(ValueError, match="path of its own"):
        blueprint("chat", **{"contract.path": "/chat"})


def test_a_schema_that_versions_share_is_written_once() -> None:
    sample = workload()
    versions = json.loads(template(sample)["metadata"]["annotations"][SETTINGS_ANNOTATION])["versions"]
    older = sample.blueprint.contract.supported_versions[0]
    assert older.response is None
    assert versions[older.version]["response"] is None


@pytest.mark.parametrize(("key", "value"), [("timeout_ms", 20), ("on_failure", "retry")])
def test_what_nothing_holds_of_the_ingress_stage_is_refused(key: str, value: object) -> None:
    assert key in refused(**{f"contract.stages.ingress.{key}": value})


def test_only_a_replica_that_works_on_what_waits_is_told_that_it_is_to_end() -> None:
    [hook] = [one["lifecycle"]["preStop"]["exec"]["command"] for one in sidecars(workload("embedding")).values()]
    assert hook == ["python", "-c", f"import os, signal; os.kill(1, signal.{ENDING_SIGNAL.name})"]
    assert not any("lifecycle" in one for one in sidecars(workload()).values())


def test_a_replica_that_works_on_what_waits_sees_which_version_it_is() -> None:
    [volume] = [one for one in template(workload("embedding"))["spec"]["volumes"] if "downwardAPI" in one]
    paths = {item["path"]: item["fieldRef"]["fieldPath"] for item in volume["downwardAPI"]["items"]}
    assert paths["variant"] == f"metadata.labels['{VARIANT_LABEL}']"
    [volume] = [one for one in template(workload())["spec"]["volumes"] if "downwardAPI" in one]
    assert len(volume["downwardAPI"]["items"]) == 1
