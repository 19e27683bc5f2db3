"""Loading a stack: overrides, rules between services, and where each problem is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from serving.blueprint.errors import InputError, Problem
from serving.workspace import load_fleet, load_workspace
from tests.components.serving_samples import SLEEPING
from tests.documents import ENVIRONMENT_KEY, ROOT, SERVICES, STACKS, changed

Break = Callable[..., tuple[Problem, ...]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the shipped documents."""
    shutil.copytree(ROOT / "blueprints", tmp_path / "blueprints")
    for stack in STACKS:
        shutil.copy(ROOT / f"Pulumi.{stack}.yaml", tmp_path)
    return tmp_path


def edit_stack(project: Path, stack: str, **changes: object) -> None:
    path = project / f"Pulumi.{stack}.yaml"
    document = yaml.safe_load(path.read_text())
    changed(document["config"][ENVIRONMENT_KEY], changes)
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def edit_blueprint(project: Path, service: str, **changes: object) -> None:
    path = project / "blueprints" / f"{service}.yaml"
    # BaseLoader keeps dates as people wrote them
    document = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(changed(document, changes), sort_keys=False))


def problems(project: Path, stack: str = "prod") -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        load_workspace(project, stack)
    return caught.value.problems


@pytest.mark.parametrize("stack", STACKS)
def test_the_shipped_stacks_load(stack: str) -> None:
    workspace = load_workspace(ROOT, stack)
    assert tuple(blueprint.name for blueprint in workspace.blueprints) == SERVICES
    assert set(workspace.hosts) == set(SERVICES)


def test_an_override_changes_the_service_and_is_reported_with_what_it_replaced() -> None:
    workspace = load_workspace(ROOT, "dev")
    chat = next(blueprint for blueprint in workspace.blueprints if blueprint.name == "chat")
    assert chat.scaling.max_replicas == 1
    told = {(o.service, o.key): (o.blueprint_value, o.value) for o in workspace.overrides}
    assert told["chat", "scaling.max_replicas"] == (6, 1)


def test_an_environment_without_overrides_takes_the_blueprints_as_they_are() -> None:
    assert load_workspace(ROOT, "prod").overrides == ()


def test_an_override_that_the_blueprint_does_not_allow_is_refused_at_its_line(project: Path) -> None:
    edit_stack(project, "prod", **{"services.chat": {"overrides": {"slo.availability_percent": 99.0}}})
    [problem] = problems(project)
    line = (project / "Pulumi.prod.yaml").read_text().splitlines()[problem.line - 1]
    assert "slo.availability_percent" in line
    assert "does not let an environment override" in problem.message
    assert "scaling.max_replicas" in problem.allowed


def test_an_override_that_breaks_the_blueprint_is_told_at_the_override(project: Path) -> None:
    edit_stack(project, "prod", **{"services.chat": {"overrides": {"scaling.max_replicas": 1}}})
    found = problems(project)
    assert found
    assert all(problem.file.endswith("Pulumi.prod.yaml") for problem in found)
    assert "1 is less than min_replicas (2)" in found[0].message


def test_a_service_without_a_blueprint_is_refused_with_the_nearest_name(project: Path) -> None:
    edit_stack(project, "prod", **{"services.chatt": {}})
    [problem] = problems(project)
    assert problem.suggestion == "chat"


def test_two_services_with_one_host_are_refused_in_the_blueprint(project: Path) -> None:
    edit_blueprint(project, "embedding", **{"contract.host": "chat"})
    with pytest.raises(InputError) as caught:
        load_fleet([project / "blueprints"])
    [problem] = caught.value.problems
    assert problem.file.endswith("embedding.yaml")
    assert "two services have the host 'chat'" in problem.message


def test_two_services_with_one_host_are_refused_in_the_environment(project: Path) -> None:
    edit_stack(project, "prod", **{"services.chat": {"host": "embedding.serving.example.com"}})
    assert "have the same host" in problems(project)[0].message


def test_two_services_with_one_name_are_refused(project: Path) -> None:
    shutil.copy(project / "blueprints/chat.yaml", project / "blueprints/chat-2.yaml")
    with pytest.raises(InputError) as caught:
        load_fleet([project / "blueprints"])
    assert any("two services have the name 'chat'" in problem.message for problem in caught.value.problems)


def test_fallbacks_that_lead_round_in_a_circle_are_refused(project: Path) -> None:
    shutil.copy(project / "blueprints/embedding.yaml", project / "blueprints/vectors.yaml")
    edit_blueprint(project, "vectors", **{"identity.name": "vectors", "degradation.fallback": {"service": "embedding"}})
    edit_blueprint(project, "embedding", **{"degradation.fallback": {"service": "vectors"}})
    with pytest.raises(InputError) as caught:
        load_fleet([project / "blueprints"])
    assert [Path(p.file).stem for p in caught.value.problems] == ["embedding", "vectors"]
    assert all("lead back" in problem.message for problem in caught.value.problems)


def test_a_fallback_must_answer_with_the_same_contract(project: Path) -> None:
    edit_blueprint(project, "chat", **{"degradation.fallback": {"service": "embedding"}})
    with pytest.raises(InputError) as caught:
        load_fleet([project / "blueprints"])
    [problem] = caught.value.problems
    assert "does not answer with the same contract" in problem.message


@pytest.mark.parametrize("suffix", ["canary", "fallback"])
def test_a_service_is_not_named_like_another_services_objects(project: Path, suffix: str) -> None:
    name = f"embedding-{suffix}"
    shutil.copy(project / "blueprints/embedding.yaml", project / f"blueprints/{name}.yaml")
    edit_blueprint(project, name, **{"identity.name": name})
    with pytest.raises(InputError) as caught:
        load_fleet([project / "blueprints"])
    assert "is the name of an object of service 'embedding'" in caught.value.problems[0].message


@pytest.mark.parametrize(
    ("service", "change", "told"),
    [
        ("embedding", {"governance.encryption": "service-key"}, "'service-key'"),
        (
            "fraud-score",
            {"contract.protocol": "grpc", "contract.stages": {}},
            "contract.protocol 'grpc'",
        ),
        (
            "chat",
            {"degradation.ladder.0.action": "cached-answer", "degradation.ladder.0.cache_seconds": 60},
            "a step 'cached-answer'",
        ),
    ],
)
def test_what_no_stack_renders_is_valid_in_a_blueprint_and_refused_in_an_environment(
    project: Path, service: str, change: dict[str, object], told: str
) -> None:
    edit_blueprint(project, service, **change)
    assert load_fleet([project / "blueprints"])
    [problem] = problems(project)
    assert told in problem.message
    assert problem.file.endswith("Pulumi.prod.yaml")


def test_a_fallback_to_a_service_that_does_not_exist_is_refused(project: Path) -> None:
    edit_blueprint(project, "chat", **{"degradation.fallback": {"service": "embeding"}})
    with pytest.raises(InputError) as caught:
        load_fleet([project / "blueprints"])
    assert caught.value.problems[0].suggestion == "embedding"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tenants.2.name": "payment"}, "its tenant 'payments' is not a tenant of this environment"),
        (
            {"regions.1.role": "recovery", "topology": "single-region", "routing": {}},
            "it promises 2 active regions, the environment has 1",
        ),
        ({"tenants.0.name": "monitoring"}, "'monitoring' is a namespace of the cluster or of the platform"),
        ({"cluster.group_roles": {"risk-ml": []}}, "no role for group 'assistants-ml'"),
        ({"cluster.group_roles.risk": []}, "is a group that no tenant and no blueprint names"),
        ({"cluster.group_roles": {"system:masters": []}}, "is one of Kubernetes' own groups"),
        ({"tenants.0.name": "kube-assistants"}, "is a namespace of the cluster or of the platform"),
        ({"tenants.2.quota.cpu": 44}, "44 is less than what its services may scale to (44."),
        ({"tenants.2.quota.memory_gib": 79}, "79 is less than what its services may scale to (80"),
        ({"tenants.2.quota.pods": 17}, "17 is less than what its services may scale to (18"),
        ({"tenants.2.quota.ephemeral_storage_gib": 107}, "107 is less than what its services may scale to (108"),
        ({"services.chat": {"host": "chat.example.org"}}, "'chat.example.org' is not below 'serving.example.com'"),
        ({"domain": "a" * 50 + ".example.com"}, "at most 64 are allowed"),
        ({"regions.2.jurisdiction": "us"}, "outside of where data of 'chat' may be"),
        ({"budget.monthly_usd": 49499}, "49,499 is less than the services' ceilings together (49,500)"),
        (
            {"tenants.0.quota.accelerators": 10},
            "10 is less than what its services may scale to (11, rollouts included)",
        ),
        ({"regions.1.node_groups.3.max_nodes": 3, "regions.1.node_groups.3.min_nodes": 3}, "find no node"),
        ({"regions.1.node_groups.3.min_nodes": 3}, "3 of the 5 replicas of chat"),
    ],
)
def test_a_promise_that_the_environment_cannot_keep_is_refused(
    project: Path, change: dict[str, object], message: str
) -> None:
    edit_stack(project, "prod", **change)
    found = problems(project)
    assert any(message in problem.message for problem in found), found
    assert all(problem.line > 0 for problem in found)


def test_services_that_would_hold_all_of_the_gateway_are_refused_by_name(project: Path) -> None:
    greedy = {"scaling.replica_rps": 10_000, "scaling.traffic.peak_rps": 120_000}
    edit_blueprint(project, "fraud-score", **greedy)
    found = [problem for problem in problems(project) if "do not fit into" in problem.message]
    assert [problem.key.rpartition(".")[2] for problem in found] == ["fraud-score"]


def test_the_owner_of_a_service_that_names_nobody_else_may_deploy_it_and_is_to_be_known(project: Path) -> None:
    edit_blueprint(project, "embedding", **{"identity.owner": "ranking"})
    assert any("no role for group 'ranking'" in problem.message for problem in problems(project))


def test_people_cannot_decide_where_an_accelerator_does(project: Path) -> None:
    edit_blueprint(project, "chat", **{"recovery.failover": "manual"})
    edit_stack(project, "prod", routing={"kind": "accelerator"})
    assert [problem for problem in problems(project) if "moves traffic by itself" in problem.message]


def test_a_service_that_sleeps_is_not_asked_after_its_health(project: Path) -> None:
    edit_blueprint(project, "embedding", **SLEEPING)
    [problem] = problems(project)
    assert "ask after its health" in problem.message
    edit_stack(project, "prod", routing={"kind": "accelerator"})
    assert load_workspace(project, "prod").environment.name == "prod"


def test_problems_of_several_documents_come_together(project: Path) -> None:
    edit_blueprint(project, "chat", **{"slo.availability_percent": 100})
    edit_blueprint(project, "embedding", **{"scaling.max_replicas": 1})
    assert {Path(problem.file).name for problem in problems(project)} == {"chat.yaml", "embedding.yaml"}


def test_rules_between_valid_parts_of_an_environment_do_not_wait_for_the_others(project: Path) -> None:
    edit_stack(project, "prod", **{"account_id": "123", "regions.1.cidr": "10.32.0.0/16", "topology": "active-passive"})
    assert {problem.key.rpartition(".")[2] for problem in problems(project)} == {"account_id", "cidr", "topology"}


def test_problems_of_the_environment_do_not_hide_those_of_the_blueprints(project: Path) -> None:
    edit_stack(project, "prod", **{"regions.0.node_groups.0.max_nodes": 1})
    edit_blueprint(project, "embedding", **{"scaling.max_replicas": 1})
    assert {Path(problem.file).name for problem in problems(project)} == {"Pulumi.prod.yaml", "embedding.yaml"}


def test_a_stack_that_does_not_exist_is_told_with_those_that_do(project: Path) -> None:
    [problem] = problems(project, "pord")
    assert problem.suggestion == "prod"


def test_a_stack_without_an_environment_says_which_key_is_missing(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    [problem] = problems(project)
    assert ":environment" in problem.message


def test_a_range_of_another_environment_is_refused_at_its_line(project: Path) -> None:
    edit_stack(project, "prod", **{"regions.1.cidr": "10.16.128.0/18"})
    [problem] = problems(project)
    assert problem.message == ("10.16.128.0/18 (eu-central-1) overlaps 10.16.0.0/16 (eu-west-1) in Pulumi.dev.yaml")
    assert problem.file.endswith("Pulumi.prod.yaml")
    assert "10.16.128.0/18" in (project / "Pulumi.prod.yaml").read_text().splitlines()[problem.line - 1]


def test_both_environments_of_an_overlap_are_told_of_it(project: Path) -> None:
    edit_stack(project, "prod", **{"regions.1.cidr": "10.16.128.0/18"})
    assert "in Pulumi.prod.yaml" in problems(project, "dev")[0].message


@pytest.mark.parametrize(
    "text",
    [
        "config: [",
        "",
        "config:\n  model-serving:environment: {regions: none}\n",
        "config:\n  model-serving:environment: {regions: [{cidr: [1]}, 7, {name: eu-west-1}]}\n",
        "- \xff\n",
    ],
)
def test_a_broken_neighbour_does_not_stop_a_stack(project: Path, text: str) -> None:
    (project / "Pulumi.broken.yaml").write_bytes(text.encode("latin-1"))
    assert load_workspace(project, "prod").environment.name == "prod"


def test_what_can_be_read_of_a_broken_neighbour_counts(project: Path) -> None:
    edit_stack(project, "dev", regoins=[], **{"regions.0.cidr": "10.32.0.0/16"})
    assert [problem.key.rpartition(".")[2] for problem in problems(project)] == ["cidr"]


def test_two_environments_may_share_a_network_that_is_there_already(project: Path) -> None:
    def network(stack: str, vpc_id: str) -> dict[str, object]:
        zones = [f"eu-west-1{letter}" for letter in ("ab" if stack == "dev" else "abc")]
        return {
            "regions.0.cidr": "10.80.0.0/16",
            "regions.0.nat": "per-zone",
            "regions.0.network": {
                "vpc_id": vpc_id,
                "public_subnet_ids": {zone: f"subnet-1000000{zone[-1]}" for zone in zones},
                "private_subnet_ids": {zone: f"subnet-2000000{zone[-1]}" for zone in zones},
            },
        }

    edit_stack(project, "dev", **network("dev", "vpc-00000001"))
    edit_stack(project, "prod", **network("prod", "vpc-00000001"))
    assert load_workspace(project, "prod").environment.name == "prod"
    edit_stack(project, "prod", **network("prod", "vpc-00000002"))
    assert "overlaps" in problems(project)[0].message
