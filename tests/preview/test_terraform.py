"""A plan in Terraform's words: the right types, names and shapes, and nothing that the plan does not know."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from serving.blueprint.errors import InputError
from serving.preview.aws_types import Shape, arguments_of, properties_of
from serving.preview.plan import PlanResource
from serving.preview.recording import Kind
from serving.preview.terraform import _tables, terraform_type, to_terraform, write_terraform
from serving.preview.values import SECRET, UNKNOWN
from tests.preview.samples import plan_of, resource, urn_of

BUCKET = "aws:s3/bucket:Bucket"
KEY = "aws:kms/key:Key"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"


def translated(*resources: PlanResource) -> dict[str, Any]:
    return to_terraform(plan_of(*resources))


def values(*resources: PlanResource) -> dict[str, Any]:
    """Address to values, as planned."""
    planned: list[dict[str, Any]] = translated(*resources)["planned_values"]["root_module"]["resources"]
    return {entry["address"]: entry["values"] for entry in planned}


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("aws:s3/bucketPolicy:BucketPolicy", "aws_s3_bucket_policy"),
        ("aws:ec2/vpc:Vpc", "aws_vpc"),
        ("aws:ec2/capacityReservation:CapacityReservation", "aws_ec2_capacity_reservation"),
        ("aws:amp/workspace:Workspace", "aws_prometheus_workspace"),
        ("aws:cfg/recorder:Recorder", "aws_config_configuration_recorder"),
        ("aws:lb/loadBalancer:LoadBalancer", "aws_lb"),
        ("aws:cloudtrail/trail:Trail", "aws_cloudtrail"),
        ("aws:costexplorer/anomalyMonitor:AnomalyMonitor", "aws_ce_anomaly_monitor"),
        ("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "aws_s3_bucket_replication_configuration"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws_vpc_security_group_ingress_rule"),
    ],
)
def test_a_type_token_has_its_terraform_type(token: str, expected: str) -> None:
    assert terraform_type(token) == expected


def test_every_renamed_type_is_one_of_the_installed_sdk() -> None:
    for key in _tables()["types"]:
        package, name = key.split(".")
        assert arguments_of(f"aws:{package}/{name[:1].lower()}{name[1:]}:{name}") is not None, key


def test_objects_become_blocks_and_lists_of_them_are_named_for_one() -> None:
    rule = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}, "bucketKeyEnabled": True}
    found = values(resource(ENCRYPTION, "e", {"bucket": "b", "rules": [rule]}))
    assert found["aws_s3_bucket_server_side_encryption_configuration.e"] == {
        "bucket": "b",
        "rule": [
            {
                "apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms"}],
                "bucket_key_enabled": True,
            }
        ],
    }


def test_maps_keep_the_keys_that_the_user_chose() -> None:
    found = values(resource(BUCKET, "b", {"tags": {"dataClass": "restricted"}}))
    assert found["aws_s3_bucket.b"] == {"tags": {"dataClass": "restricted"}}


def test_lists_of_plain_values_keep_their_name() -> None:
    inputs = {"subnetIds": ["subnet-1", UNKNOWN]}
    entry = translated(resource("aws:lb/loadBalancer:LoadBalancer", "l", inputs))["resource_changes"][0]
    assert entry["change"]["after"] == {"subnet_ids": ["subnet-1", None]}
    assert entry["change"]["after_unknown"] == {"subnet_ids": [False, True]}


def test_an_exception_of_the_table_wins_over_the_rule() -> None:
    found = values(resource("aws:ec2/launchTemplate:LaunchTemplate", "t", {"blockDeviceMappings": [{}]}))
    assert list(found["aws_launch_template.t"]) == ["block_device_mappings"]


def test_what_python_spells_with_an_underscore_loses_it() -> None:
    rule = {"filter": {"and": {"prefix": "a/"}}, "id": "r", "status": "Enabled"}
    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    found = values(resource(token, "l", {"rules": [rule]}))
    assert found["aws_s3_bucket_lifecycle_configuration.l"]["rule"][0]["filter"] == [{"and": [{"prefix": "a/"}]}]


def test_a_policy_that_is_given_as_an_object_becomes_text() -> None:
    document = {"Version": "2012-10-17", "Statement": []}
    found = values(resource("aws:s3/bucketPolicy:BucketPolicy", "p", {"policy": document}))
    assert json.loads(found["aws_s3_bucket_policy.p"]["policy"]) == document


def test_an_unknown_value_is_left_out_marked_and_refers_to_where_it_comes_from() -> None:
    key = resource(KEY, "k")
    uses = {"rules": (urn_of(KEY, "k"),)}
    inputs = {"rules": [{"applyServerSideEncryptionByDefault": {"kmsMasterKeyId": UNKNOWN}}]}
    document = translated(key, resource(ENCRYPTION, "e", inputs, uses=uses))
    change = next(entry for entry in document["resource_changes"] if entry["name"] == "e")["change"]
    assert change["after"] == {"rule": [{"apply_server_side_encryption_by_default": [{}]}]}
    default = {"kms_master_key_id": True}
    assert change["after_unknown"] == {"rule": [{"apply_server_side_encryption_by_default": [default]}]}
    configured = document["configuration"]["root_module"]["resources"]
    expression = next(entry for entry in configured if entry["name"] == "e")["expressions"]
    (block,) = expression["rule"][0]["apply_server_side_encryption_by_default"]
    assert block == {"kms_master_key_id": {"references": ["aws_kms_key.k"]}}


def test_a_known_value_refers_to_where_it_comes_from_too() -> None:
    uses = {"bucket": (urn_of(BUCKET, "b"),)}
    document = translated(resource(BUCKET, "b"), resource(ENCRYPTION, "e", {"bucket": "named"}, uses=uses))
    configured = document["configuration"]["root_module"]["resources"]
    assert configured[-1]["expressions"]["bucket"] == {"references": ["aws_s3_bucket.b"]}


def test_a_secret_is_nowhere_in_the_translation() -> None:
    document = translated(resource(BUCKET, "b", {"bucket": SECRET, "tags": {"a": SECRET}}))
    change = document["resource_changes"][0]["change"]
    assert change["after"] == {"tags": {}}
    assert change["after_unknown"] == {"bucket": True, "tags": {"a": True}}


def test_resources_of_the_same_name_have_addresses_of_their_own() -> None:
    first = resource(BUCKET, "b", parent_type="demo:index:One")
    second = resource(BUCKET, "b", parent_type="demo:index:Two")
    assert list(values(first, second)) == ["aws_s3_bucket.b", "aws_s3_bucket.b_2"]


def test_only_what_an_aws_provider_would_create_is_translated() -> None:
    others = (
        resource("kubernetes:core/v1:Namespace", "n"),
        resource("demo:index:Group", "g", kind=Kind.COMPONENT),
        resource(BUCKET, "existing", kind=Kind.READ),
    )
    assert values(*others) == {}


def test_a_property_that_the_sdk_takes_as_an_object_or_as_text_is_known_by_both() -> None:
    arguments = arguments_of("aws:s3/bucketPolicy:BucketPolicy")
    assert arguments is not None
    assert properties_of(arguments)["policy"].shape is Shape.BLOCK


def test_the_cost_grows_in_line_with_the_plan() -> None:
    def seconds(count: int) -> float:
        resources = [
            resource(ENCRYPTION, f"e{i}", {"bucket": "b", "rules": [{"bucketKeyEnabled": True}]}) for i in range(count)
        ]
        plan = plan_of(*resources)
        start = time.process_time()
        to_terraform(plan)
        return time.process_time() - start

    seconds(100)
    assert min(seconds(4000) for _ in range(3)) < 12 * min(seconds(1000) for _ in range(3))


def test_a_file_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_terraform(plan_of(), tmp_path / "missing" / "plan.json")


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    plan = plan_of(resource(BUCKET, "b", {"tags": {"b": "1", "a": "2"}}))
    for name in ("one", "two"):
        write_terraform(plan, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
