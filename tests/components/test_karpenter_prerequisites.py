"""What Karpenter needs of AWS: what its controller may do, who may join, and what it hears."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from components.cluster import cluster_arn
from components.karpenter_prerequisites import KarpenterPrerequisites
from serving.blueprint.errors import InputError
from tests.components.recorder import Recorded, Recorder
from tests.components.recorder import record as record_program
from tests.components.samples import ACCOUNT, HOME, karpenter_args, key_arn

CLUSTER = f"test-{HOME}"

LONGEST_INLINE_POLICY = 10_240
"""Characters of all inline policies of a role, white space aside (IAM user guide, "IAM and STS quotas")."""


def made(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: KarpenterPrerequisites("karpenter", karpenter_args(**changes)))


@functools.cache
def sample() -> Recorded:
    return made(record_program)


def statements() -> dict[str, dict[str, Any]]:
    policy = json.loads(sample().named("karpenter-controller-role-policy")["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_the_controller_is_the_pods_of_karpenter_in_this_cluster_alone() -> None:
    (trust,) = json.loads(sample().named("karpenter-controller-role")["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trust["Condition"]["ArnEquals"]["aws:SourceArn"] == cluster_arn(CLUSTER, HOME, ACCOUNT)
    identity = sample().one("PodIdentityAssociation")
    assert (identity["namespace"], identity["serviceAccount"]) == ("kube-system", "karpenter")
    assert sample().named("karpenter-controller-role-policy").urn in identity.dependencies


def test_the_controller_may_do_no_whole_family_of_actions() -> None:
    assert not [action for statement in statements().values() for action in many(statement["Action"]) if "*" in action]


def test_only_what_knows_no_resources_is_allowed_on_all_of_them() -> None:
    everywhere = {sid for sid, statement in statements().items() if "*" in many(statement["Resource"])}
    assert everywhere == {"Describe", "ReadPrices", "ListProfiles", "FollowZonalShifts"}
    reading = ("ec2:Describe", "pricing:Get", "iam:List", "arc-zonal-shift:Get")
    for sid in everywhere:
        assert all(action.startswith(reading) for action in many(statements()[sid]["Action"]))


@pytest.mark.parametrize("sid", ["EndOwnNodes", "TagOwnNodes", "LaunchFromOwnTemplates"])
def test_what_belongs_to_others_is_neither_used_nor_changed_nor_ended(sid: str) -> None:
    condition = statements()[sid]["Condition"]
    assert condition["StringEquals"][f"aws:ResourceTag/kubernetes.io/cluster/{CLUSTER}"] == "owned"
    assert condition["StringLike"] == {"aws:ResourceTag/karpenter.sh/nodepool": "*"}


def test_whatever_is_started_carries_the_tags_by_which_it_may_be_ended() -> None:
    for sid in ("LaunchTagged", "TagWhatIsMade"):
        condition = statements()[sid]["Condition"]
        assert condition["StringEquals"][f"aws:RequestTag/kubernetes.io/cluster/{CLUSTER}"] == "owned"
        assert condition["StringLike"] == {"aws:RequestTag/karpenter.sh/nodepool": "*"}


def test_nodes_get_the_one_role_that_is_made_for_them() -> None:
    role = sample().named("karpenter-node-role")
    passed = statements()["PassNodeRole"]
    assert passed["Resource"].endswith(f":role/{role['name']}")
    assert passed["Condition"] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    profile = sample().one("InstanceProfile")
    assert role in sample().source_of(profile, "role")
    assert statements()["ReadProfile"]["Resource"].endswith(f":instance-profile/{profile['name']}")
    actions = {action for statement in statements().values() for action in many(statement["Action"])}
    assert {action for action in actions if action.startswith("iam:")} == {
        "iam:PassRole",
        "iam:GetInstanceProfile",
        "iam:ListInstanceProfiles",
    }


def test_nodes_may_join_the_cluster_and_carry_no_permissions_of_pods() -> None:
    entry = sample().one("AccessEntry")
    assert entry["type"] == "EC2_LINUX"
    assert sample().named("karpenter-node-role") in sample().source_of(entry, "principalArn")
    attached = {a["policyArn"].rpartition("/")[2] for a in sample().of_type("RolePolicyAttachment")}
    assert attached == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


def test_the_policy_fits_into_a_role() -> None:
    policy = sample().named("karpenter-controller-role-policy")["policy"]
    # names can be four times as long as here
    assert len("".join(policy.split())) < LONGEST_INLINE_POLICY * 0.8


def test_every_event_that_tells_of_a_node_about_to_go_comes_into_the_queue() -> None:
    heard = {
        detail for rule in sample().of_type("EventRule") for detail in json.loads(rule["eventPattern"])["detail-type"]
    }
    assert heard == {
        "AWS Health Event",
        "EC2 Spot Instance Interruption Warning",
        "EC2 Instance Rebalance Recommendation",
        "EC2 Instance State-change Notification",
        "EC2 Capacity Reservation Instance Interruption Warning",
    }
    queue = sample().one("Queue")
    targets = sample().of_type("EventTarget")
    assert len(targets) == len(heard)
    assert all(queue in sample().source_of(target, "arn") for target in targets)


def test_messages_are_encrypted_short_lived_and_sent_by_these_rules_over_tls_alone() -> None:
    queue = sample().one("Queue")
    assert (queue["kmsMasterKeyId"], queue["messageRetentionSeconds"]) == (key_arn(HOME), 300)
    send, only_tls = json.loads(sample().one("QueuePolicy")["policy"])["Statement"]
    rules = {rule["name"] for rule in sample().of_type("EventRule")}
    assert {source.rpartition("/")[2] for source in send["Condition"]["ArnEquals"]["aws:SourceArn"]} == rules
    assert send["Principal"] == {"Service": "events.amazonaws.com"}
    assert (only_tls["Effect"], only_tls["Action"], only_tls["Principal"]) == ("Deny", "sqs:*", "*")
    assert {send["Resource"], only_tls["Resource"]} == {f"arn:aws:sqs:{HOME}:{ACCOUNT}:{queue['name']}"}


def test_nodes_fill_the_cache_of_images_where_there_is_one(record: Recorder) -> None:
    assert [r.name for r in sample().of_type("RolePolicy")] == ["karpenter-controller-role-policy"]
    filled = json.loads(made(record, image_cache=True).named("karpenter-node-role-policy")["policy"])
    assert "ecr:BatchImportUpstreamImage" in json.dumps(filled)


def test_a_cluster_name_that_eks_does_not_allow_is_refused(record: Recorder) -> None:
    with pytest.raises(InputError, match="cluster_name"):
        made(record, cluster_name="*")
