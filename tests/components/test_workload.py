from __future__ import annotations

import pytest

from components.model_fetch import model_prefix
from components.workload import Workload, disruption_budget, service_account, services
from serving.blueprint.schema.model import Manifest
from serving.blueprint.schema.stage_programs import ENTRY_PORT
from serving.blueprint.tags import TagKey
from tests.components.serving_samples import NAMES, WORKLOADS, stand_in, workload

every_workload = pytest.mark.parametrize("sample", WORKLOADS, ids=NAMES)


@every_workload
def test_services_leave_the_selector_to_the_rollout_controller(sample: Workload) -> None:
    for service in services(sample).values():
        assert "selector" not in service["spec"]
        assert service["spec"]["type"] == "ClusterIP"


@every_workload
def test_services_lead_to_what_checks_requests_or_else_to_the_server(sample: Workload) -> None:
    validated = sample.blueprint.contract.stages.ingress.validation is not None
    for service in services(sample).values():
        (port,) = service["spec"]["ports"]
        assert port["targetPort"] == (ENTRY_PORT if validated else sample.server.port)


@pytest.mark.parametrize("least", [0, 2])
def test_an_update_waits_for_endpoints_only_where_there_must_be_some(least: int) -> None:
    idle = {
        "identity.tier": 2,
        "scaling.min_replicas": least,
        "scaling.scale_to_zero": True,
        "scaling.prewarmed_replicas": 0,
        "scaling.triggers": [],
    }
    sample = workload(**idle)
    for service in services(sample).values():
        assert ("pulumi.com/skipAwait" in service["metadata"].get("annotations", {})) is (least == 0)


@every_workload
def test_a_node_can_always_be_drained_of_one_replica(sample: Workload) -> None:
    budget = disruption_budget(sample)["spec"]
    assert budget["selector"]["matchLabels"] == sample.selector
    assert budget["maxUnavailable"] == "10%"  # rounded up to one by Kubernetes


@every_workload
def test_a_selector_holds_nothing_that_a_new_version_changes(sample: Workload) -> None:
    assert sample.selector.items() <= sample.labels.items()
    assert sample.model.version not in sample.selector.values()


def test_the_service_account_gets_no_token() -> None:
    sample = workload()
    assert service_account(sample.blueprint, sample.tags)["automountServiceAccountToken"] is False


def test_a_stand_in_has_names_a_tier_and_lineage_of_its_own() -> None:
    main, fallback = workload("chat"), stand_in()
    assert {main.stable_service, main.canary_service}.isdisjoint({fallback.stable_service, fallback.canary_service})
    assert main.labels[TagKey.TIER.label] != fallback.labels[TagKey.TIER.label] == "2"
    assert fallback.labels[TagKey.MODEL.label] == fallback.model.name
    assert fallback.service_account == main.service_account


@pytest.mark.parametrize(
    ("path", "prefix"),
    [("m/1.0.0/manifest.json", "m/1.0.0/"), ("manifest.json", "")],
)
def test_a_models_files_lie_beside_its_manifest(path: str, prefix: str) -> None:
    manifest = Manifest(path=path, digest="sha256:" + "a" * 64, signer="alias/signing")
    assert model_prefix(manifest) == prefix
