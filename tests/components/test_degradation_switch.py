from __future__ import annotations

from typing import Any

import pytest

from components.degradation_switch import switch_access, switch_jobs, switch_name, switch_policy
from components.gateway import Gateway
from serving.blueprint.ladder import Rung, SwitchedBy, parent_reference, rungs, switch
from serving.telemetry.degradation import due, over
from serving.telemetry.metrics import WORKLOAD_LABEL
from tests.components.serving_samples import PROMETHEUS, workload
from tests.documents import SERVICES

TOOLS = "registry.example.com/serving/tools@sha256:" + "a" * 64
SAMPLES = [(service, rung) for service in SERVICES for rung in rungs(workload(service).blueprint)]
every_rung = pytest.mark.parametrize(("service", "rung"), SAMPLES, ids=[rung.name for _, rung in SAMPLES])
every_service = pytest.mark.parametrize("service", SERVICES)


def jobs(service: str, rung: Rung) -> dict[str, dict[str, Any]]:
    return {state: dict(job) for state, job in switch_jobs(workload(service), rung, PROMETHEUS, TOOLS).items()}


def pod(job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = job["spec"]["jobTargetRef"]["template"]
    return found


@every_rung
def test_a_job_gives_the_one_command_and_says_that_a_condition_did_it(service: str, rung: Rung) -> None:
    for state, job in jobs(service, rung).items():
        (container,) = pod(job)["spec"]["containers"]
        expected = switch(rung, on=state == "on", by=SwitchedBy.CONDITION)
        assert (*container["command"], *container["args"]) == expected


@every_rung
def test_a_rung_is_switched_by_its_own_conditions(service: str, rung: Rung) -> None:
    blueprint = workload(service).blueprint
    made = jobs(service, rung)
    for state, query in (("on", due(blueprint, rung)), ("off", over(blueprint, rung))):
        (trigger,) = made[state]["spec"]["triggers"]
        assert trigger["metadata"]["query"] == query
        assert trigger["metadata"]["serverAddress"] == PROMETHEUS


@every_rung
def test_no_two_jobs_switch_one_rung_the_same_way_at_a_time(service: str, rung: Rung) -> None:
    for job in jobs(service, rung).values():
        assert job["spec"]["maxReplicaCount"] == 1
        assert job["spec"]["jobTargetRef"]["parallelism"] == 1
        # silence is no job
        assert job["spec"]["triggers"][0]["metadata"]["ignoreNullValues"] == "true"


@every_rung
def test_a_job_ends_and_goes_by_itself(service: str, rung: Rung) -> None:
    for job in jobs(service, rung).values():
        target = job["spec"]["jobTargetRef"]
        assert min(target["activeDeadlineSeconds"], target["ttlSecondsAfterFinished"], target["backoffLimit"]) > 0
        assert pod(job)["spec"]["restartPolicy"] == "Never"


@every_rung
def test_names_of_jobs_fit_into_the_label_that_the_controller_writes(service: str, rung: Rung) -> None:
    longest = 30 - len(workload(service).name)
    for job in jobs(service, rung).values():
        assert len(job["metadata"]["name"]) + longest <= 63


@every_service
def test_the_jobs_may_move_the_services_rungs_and_nothing_else(service: str) -> None:
    sample = workload(service)
    access = switch_access(sample)
    (rule,) = access["role"]["rules"]
    assert rule["resources"] == ["httproutes"]
    assert rule["resourceNames"] == [rung.name for rung in rungs(sample.blueprint)]
    assert sample.name not in rule["resourceNames"]
    assert set(rule["verbs"]) == {"get", "patch"}
    accounts = [one for one in access["binding"]["subjects"] if one["kind"] == "ServiceAccount"]
    assert [one["name"] for one in accounts] == [access["account"]["metadata"]["name"]]


@every_service
def test_who_may_deploy_the_service_may_switch_its_rungs(service: str) -> None:
    for stated, groups in ((["team-a", "team-b"], ["team-a", "team-b"]), ([], ["owners"])):
        sample = workload(service, **{"governance.access.deploy": stated, "identity.owner": "owners"})
        subjects = switch_access(sample)["binding"]["subjects"]
        assert [one["name"] for one in subjects if one["kind"] == "Group"] == groups


@every_service
def test_the_jobs_reach_the_clusters_own_networks_on_one_port(service: str) -> None:
    policy = switch_policy(workload(service), ["10.0.0.0/16", "0.0.0.0/0"])["spec"]
    (edge,) = policy["egress"]
    assert {"10.0.0.0/16"} < {peer["ipBlock"]["cidr"] for peer in edge["to"]}
    assert all(peer["ipBlock"]["cidr"] != "0.0.0.0/0" for peer in edge["to"])
    assert edge["ports"] == [{"protocol": "TCP", "port": 443}]
    assert "ingress" not in policy
    assert "Ingress" in policy["policyTypes"]


@every_rung
def test_the_policy_and_the_identity_are_those_of_the_jobs_pods(service: str, rung: Rung) -> None:
    sample = workload(service)
    selected = switch_policy(sample, ["10.0.0.0/16"])["spec"]["podSelector"]["matchLabels"]
    for job in jobs(service, rung).values():
        assert selected.items() <= pod(job)["metadata"]["labels"].items()
        assert pod(job)["spec"]["serviceAccountName"] == switch_name(sample)


@every_rung
def test_no_selector_of_the_replicas_takes_a_job_for_one_of_them(service: str, rung: Rung) -> None:
    sample = workload(service)
    for job in jobs(service, rung).values():
        assert pod(job)["metadata"]["labels"][WORKLOAD_LABEL] != sample.selector[WORKLOAD_LABEL]


@every_rung
def test_a_job_can_do_nothing_to_its_node(service: str, rung: Rung) -> None:
    for job in jobs(service, rung).values():
        (container,) = pod(job)["spec"]["containers"]
        assert pod(job)["spec"]["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"].items() <= container["resources"]["requests"].items()


def test_a_rung_attaches_to_the_gateway_that_is_deployed() -> None:
    assert parent_reference() == {
        "name": Gateway.NAME,
        "namespace": Gateway.NAMESPACE,
        "sectionName": Gateway.LISTENER,
    }
