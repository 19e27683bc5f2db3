"""What holds of every component of the AWS foundation."""

from __future__ import annotations

import functools
import inspect
import json

import pulumi_aws as aws
import pytest

import components
from serving.blueprint.errors import InputError
from tests.components.recorder import Recorded, Recorder, Resource
from tests.components.recorder import record as record_program
from tests.components.samples import FOUNDATION, REGIONS, TAGS

COMPONENTS = sorted(FOUNDATION)

# Types that hold data: losing one loses what nothing in the program can make again
# Data, and what data could not be read or trusted without
STATEFUL = {"Bucket", "Cluster", "Key", "LogGroup", "ReplicaKey", "Repository", "SigningProfile", "Table"}

# AWS services whose resources have no region
GLOBAL = ("aws:iam/", "aws:s3/accountPublicAccessBlock:")


def made(record: Recorder, component: str, **changes: object) -> Recorded:
    return record(lambda: getattr(components, component)("part", {**FOUNDATION[component](), **changes}))


@functools.cache
def recorded_once(component: str) -> Recorded:
    """The component as the samples have it; recordings are frozen, so that tests may share one."""
    return made(record_program, component)


def short(resource: Resource) -> str:
    return resource.type.rsplit(":", 1)[-1]


def accepts(resource: Resource, argument: str) -> bool:
    """Whether the provider's own class of a resource takes an argument."""
    module = getattr(aws, resource.type.split(":")[1].split("/")[0])
    return argument in inspect.signature(getattr(module, short(resource))._internal_init).parameters


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_regional_resource_names_its_region(component: str) -> None:
    for resource in recorded_once(component).managed("aws:"):
        if resource.type.startswith(GLOBAL):
            assert "region" not in resource.inputs
        else:
            assert resource["region"] in REGIONS, resource.name


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_taggable_resource_carries_the_tags_of_the_component(component: str) -> None:
    for resource in recorded_once(component).managed("aws:"):
        if accepts(resource, "tags"):
            assert set(resource["tags"]) >= set(TAGS), resource.name
        elif accepts(resource, "resource_tags"):
            assert resource["resourceTags"] == TAGS


@pytest.mark.parametrize("component", COMPONENTS)
def test_what_holds_data_is_protected_and_stays_and_nothing_else_is(component: str) -> None:
    for resource in recorded_once(component).managed():
        holds_data = short(resource) in STATEFUL
        assert (resource.protect, resource.retain_on_delete) == (holds_data, holds_data), resource.name


@pytest.mark.parametrize("component", COMPONENTS)
def test_children_are_named_after_their_component_and_stand_below_it(component: str) -> None:
    recorded = recorded_once(component)
    for resource in recorded:
        assert resource.name == "part" or resource.name.startswith("part-")
        assert resource.parent or resource.name == "part"


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_preview_logs_no_deprecation(component: str) -> None:
    assert recorded_once(component).messages == ()


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_declared_output_is_registered(component: str) -> None:
    recorded = recorded_once(component)
    declared = [key for cls in getattr(components, component).__mro__ for key in vars(cls).get("__annotations__", {})]
    ours = {key for key in declared if not key.startswith("_")} - {"_name", "_opts"}
    assert set(recorded.outputs[recorded.named("part").urn]) == ours


@pytest.mark.parametrize("component", COMPONENTS)
def test_an_unknown_argument_is_refused_before_anything_is_made(record: Recorder, component: str) -> None:
    with pytest.raises(InputError, match="colour"):
        made(record, component, colour="red")


@pytest.mark.parametrize("component", COMPONENTS)
def test_nothing_stateful_is_named_by_chance(component: str) -> None:
    """A name that Pulumi chooses changes with every replacement and cannot be predicted in a policy."""
    keys = {"Bucket": "bucket", "Cluster": "name", "Repository": "name", "Table": "name"}
    for resource in recorded_once(component).managed():
        if short(resource) in keys:
            assert isinstance(resource[keys[short(resource)]], str)


@pytest.mark.parametrize("component", COMPONENTS)
def test_names_are_different_in_every_environment(record: Recorder, component: str) -> None:
    def physical(environment: str) -> set[tuple[str, str]]:
        changes = {"environment": environment} if "environment" in FOUNDATION[component]() else {}
        keys = ("name", "bucket", "repository")
        recorded = made(record, component, **changes)
        unique = {"Bucket", "Cluster", "Repository", "Table", "Alias", "LaunchTemplate", "Role", "LogGroup", "Group"}
        return {
            (r.type, r[key])
            for r in recorded.managed("aws:")
            if short(r) in unique
            for key in keys
            if isinstance(r.get(key), str)
        }

    if "environment" in FOUNDATION[component]():
        assert not physical("one") & physical("two")


@pytest.mark.parametrize("component", COMPONENTS)
def test_no_role_of_the_platform_can_have_the_name_of_a_services_role(component: str) -> None:
    """Roles of services end in the service's name, which has letters, digits and dashes only."""
    assert all("." in role["name"] for role in recorded_once(component).of_type("Role"))


def test_keys_may_be_used_by_the_role_that_the_cluster_really_has() -> None:
    role = recorded_once("Cluster").named("part-cluster-role")
    key = recorded_once("EncryptionKeys").named("part-internal")
    statements = {statement["Sid"]: statement for statement in json.loads(key["policy"])["Statement"]}
    principal = statements["EncryptClusterSecrets"]["Condition"]["ArnEquals"]["aws:PrincipalArn"]
    assert principal.rpartition("role/")[2] == role["name"]
