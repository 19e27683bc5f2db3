"""Changing a document never replaces what holds data, and removes it only where it is told to, under protection."""

from __future__ import annotations

import copy
import dataclasses
from dataclasses import dataclass
from typing import Any

import pytest

from serving.blueprint.versions import TESTED_VERSIONS
from serving.preview.diff import NO_ALIAS, Change, PlanDiff, ResourceDiff, compare
from serving.preview.force_new import _aws_table
from serving.preview.plan import Plan, PlanResource
from tests.edits.plans import Documents, Edit, base, planned, setting

# By type and not by what is protected today: a protection that is forgotten must not hide a loss.
STATEFUL = frozenset(
    {
        "aws:amp/workspace:Workspace",
        "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault",
        "aws:backup/vault:Vault",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:dynamodb/table:Table",
        "aws:ecr/repository:Repository",
        "aws:eks/cluster:Cluster",
        "aws:kms/key:Key",
        "aws:kms/replicaKey:ReplicaKey",
        "aws:route53/zone:Zone",
        "aws:s3/bucket:Bucket",
    }
)
# Logs that hold nothing but what a managed service says of itself.
REGENERABLE = ("/vendedlogs/",)
# Objects that are not made but taken over, and stay in the cluster without being data.
LASTING = "Patch"


@dataclass(frozen=True)
class Case:
    """One edit.

    Attributes:
        edit: What is changed; none for the way back to the base.
        touches: Part of the logical name of some resource that must change, or the edit did nothing.
        leaves: Parts of logical names of what holds data and is meant to go.
        refused: Parts of logical names of what would have to be made anew, which the engine refuses.
        before: What was changed before.
    """

    edit: Edit | None
    touches: str
    leaves: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    before: Edit | None = None


def rename_service(documents: Documents) -> None:
    identity = documents.blueprints["fraud-score"]["identity"]
    identity |= {"name": "fraud-scoring", "data_name": "fraud-score"}
    services = documents.environment["services"]
    services["fraud-scoring"] = services.pop("fraud-score")


def one_region_passive(documents: Documents) -> None:
    documents.environment["topology"] = "active-passive"
    documents.regions[1]["role"] = "passive"


def recovery_becomes_active(documents: Documents) -> None:
    home, recovery = documents.regions[0], documents.regions[2]
    name = recovery["name"]
    recovery |= {
        "role": "active",
        "zones": [f"{name}{letter}" for letter in "abc"],
        "nat": "per-zone",
        "node_groups": copy.deepcopy(home["node_groups"]),
    }


def active_becomes_recovery(documents: Documents) -> None:
    region = documents.regions[1]
    documents.environment["topology"] = "single-region"
    documents.environment.pop("routing", None)  # with one serving region there is nothing to switch
    documents.regions[1] = {key: region[key] for key in ("name", "jurisdiction", "cidr")} | {"role": "recovery"}


def add_region(documents: Documents) -> None:
    documents.regions.insert(1, copy.deepcopy(documents.regions[1]))
    documents.regions[1] |= {
        "name": "eu-west-3",
        "cidr": "10.80.0.0/16",
        "zones": [f"eu-west-3{letter}" for letter in "abc"],
    }


def remove_recovery_region(documents: Documents) -> None:
    del documents.regions[2]


def add_service(documents: Documents) -> None:
    second = copy.deepcopy(documents.blueprints["fraud-score"])
    second["identity"]["name"] = "abuse-score"
    documents.blueprints["abuse-score"] = second
    documents.environment["services"]["abuse-score"] = {}


def remove_service(documents: Documents) -> None:
    del documents.environment["services"]["fraud-score"]


def remove_node_group(documents: Documents) -> None:
    documents.regions[0]["node_groups"].pop()


def both_serving(key: str, value: Any) -> Edit:
    return setting({f"regions.{index}.{key}": value for index in range(2)})


def two_zones(documents: Documents) -> None:
    for region in documents.regions[:2]:
        region["zones"].pop()


CASES: dict[str, Case] = {
    "rename a service": Case(rename_service, "fraud-scoring"),
    "an active region becomes passive": Case(one_region_passive, "routing"),
    "a passive region becomes active": Case(None, "routing", before=one_region_passive),
    "the recovery region becomes active": Case(recovery_becomes_active, "serving-eu-north-1-cluster"),
    "an active region becomes one for recovery": Case(
        active_becomes_recovery,
        "serving-eu-central-1-cluster",
        leaves=("serving-eu-central-1-", "serving-keys-metrics-eu-central-1"),
    ),
    "add a region": Case(add_region, "eu-west-3"),
    "remove the recovery region": Case(remove_recovery_region, "eu-north-1", leaves=("eu-north-1",)),
    "add a zone": Case(None, "network", before=two_zones),
    "one NAT gateway instead of one a zone": Case(both_serving("nat", "single"), "nat"),
    "grow a node group": Case(both_serving("node_groups.1.max_nodes", 40), "node"),
    "shrink a node group": Case(both_serving("node_groups.0.min_nodes", 2), "node"),
    "other instances in a node group": Case(both_serving("node_groups.1.instance_types", ["m7i.2xlarge"]), "node"),
    "remove a node group": Case(remove_node_group, "gpu-l4"),
    "another version of a model": Case(
        setting(
            {"model.version": "9.9.9", "model.manifest.path": "fraud-gbm/9.9.9/manifest.json"},
            "fraud-score",
        ),
        "fraud-score",
    ),
    "another model": Case(
        setting({"model.name": "fraud-net", "model.manifest.path": "fraud-net/3.2.0/manifest.json"}, "fraud-score"),
        "fraud-score",
    ),
    "another digest of an engine": Case(
        setting({"model.engine.image_digest": "sha256:" + "cd" * 32}, "fraud-score"), "fraud-score"
    ),
    "another image of an engine": Case(
        setting({"model.engine.image": "serving/mlserver-next"}, "fraud-score"),
        "mlserver",
        leaves=("registry-serving-mlserver",),
    ),
    "add a service": Case(add_service, "abuse-score"),
    "remove a service": Case(
        remove_service,
        "fraud-score",
        leaves=("features-fraud-score", "inference-log-fraud-score", "registry-serving-mlserver", "keys-restricted"),
    ),
    "the data class of a service": Case(
        setting({"governance.data_class": "confidential"}, "fraud-score"),
        "features-fraud-score",
        leaves=("keys-restricted",),
        # the vaults have the key of the most sensitive class, and a vault keeps the key that it was made with
        refused=("backup-vault",),
    ),
    "how long features are kept": Case(setting({"governance.retention.feature_days": 500}, "fraud-score"), "features"),
    "an objective": Case(setting({"slo.availability_percent": 99.9}, "fraud-score"), "rules-fraud-score"),
    "how often a store is backed up": Case(setting({"recovery.backups.1.every_minutes": 120}, "fraud-score"), "backup"),
    "an air gap": Case(setting({"backup.air_gapped_vault": True}), "serving-backup-air-gapped-vault"),
    "a tenant's quota": Case(setting({"tenants.2.quota.cpu": 320}), "quota"),
    "a tenant's owner": Case(setting({"tenants.2.owner": "another-team"}), "payments"),
    "owner and cost centre": Case(setting({"owner": "another-team", "cost_center": "cc-9"}), "cluster"),
    "administrators": Case(
        setting({"cluster.admin_role_arns": ["arn:aws:iam::444455556666:role/other-admin"]}), "keys"
    ),
    "how long logs are kept": Case(setting({"log_retention_days": 400}), "log"),
    "how long models are locked": Case(setting({"model_lock_days": 400}), "models"),
    "the budget": Case(setting({"budget.monthly_usd": 90_000}), "budget"),
}


def holds_data(plan: Plan) -> dict[str, PlanResource]:
    """URN -> resource, of what cannot be made again."""
    return {
        one.urn: one
        for one in plan.resources
        if (one.type in STATEFUL or (one.options.get("retainOnDelete") and not one.type.endswith(LASTING)))
        and not any(part in str(one.inputs.get("name")) for part in REGENERABLE)
    }


def _by_urn(diff: PlanDiff, before: Plan) -> PlanDiff:
    """As the engine sees it: what has another URN and no alias is removed, however much the new one looks like it."""
    former = {one.urn: one for one in before.resources}

    def seen(one: ResourceDiff) -> ResourceDiff:
        if any(NO_ALIAS in reason for reason in one.reasons):
            name = former[one.former_urn].name
            return dataclasses.replace(one, change=Change.REMOVED, urn=one.former_urn, name=name, former_urn="")
        return one

    return dataclasses.replace(diff, resources=tuple(map(seen, diff.resources)))


def replaced(diff: PlanDiff, before: Plan) -> list[ResourceDiff]:
    """What holds data and would be made anew in its place."""
    return [one for one in diff.of(Change.REPLACED) if (one.former_urn or one.urn) in holds_data(before)]


def removed(diff: PlanDiff, before: Plan) -> list[ResourceDiff]:
    """What holds data and would go."""
    return [one for one in diff.of(Change.REMOVED) if one.urn in holds_data(before)]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_edit_replaces_no_data_and_removes_it_only_where_it_is_meant_to(case: Case) -> None:
    before, after = planned(case.before), planned(case.edit)
    diff = _by_urn(compare(before, after, "before"), before)
    assert any(case.touches in one.name for one in diff.resources), "the edit did nothing"
    anew = replaced(diff, before)
    assert [(one.name, one.reasons) for one in anew if not any(part in one.name for part in case.refused)] == []
    assert [one.name for one in anew if not one.blocked] == [], "the engine would not refuse"
    gone = removed(diff, before)
    assert [one.name for one in gone if not any(part in one.name for part in case.leaves)] == []
    assert [part for part in case.leaves if not any(part in one.name for one in gone)] == []
    assert [one.name for one in gone if not (one.blocked and one.retained)] == [], "the engine would not refuse"


def test_another_version_of_kubernetes_changes_the_cluster_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    addons: Any = TESTED_VERSIONS.eks_addons
    later = "1.99"
    monkeypatch.setitem(addons, later, addons[TESTED_VERSIONS.kubernetes])
    diff = compare(base(), planned(setting({"cluster.version": later})), "before")
    clusters = [one for one in diff.resources if one.type == "aws:eks/cluster:Cluster"]
    assert [one.change for one in clusters] == [Change.CHANGED] * 2
    assert replaced(diff, base()) == []
    assert removed(diff, base()) == []


def test_without_the_name_of_its_data_a_renamed_service_would_leave_them_behind() -> None:
    """The tests above can fail: this is the edit that `data_name` is for."""

    def rename(documents: Documents) -> None:
        rename_service(documents)
        del documents.blueprints["fraud-score"]["identity"]["data_name"]

    diff = _by_urn(compare(base(), planned(rename), "before"), base())
    assert {one.type for one in removed(diff, base())} >= {
        "aws:dynamodb/table:Table",
        "aws:s3/bucket:Bucket",
        "aws:cloudwatch/logGroup:LogGroup",
    }


def test_whatever_holds_data_is_protected_and_stays_when_it_leaves_the_program() -> None:
    unguarded = [one.name for one in holds_data(base()).values() if not one.protected]
    assert unguarded == []
    assert [one.name for one in holds_data(base()).values() if not one.options.get("retainOnDelete")] == []


def test_it_is_known_of_every_type_of_the_plan_what_replaces_it() -> None:
    used = {one.type for one in base().resources if one.type.startswith("aws:")}
    assert used - _aws_table().keys() == set()
