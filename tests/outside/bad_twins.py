"""Resources that break one rule of `provider_rules` each, and what the rule has to say of them.

Owns the samples alone. Each is as small as its fault allows: other rules may find other faults in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.preview.plan import Plan
from tests.preview.samples import plan_of, resource, urn_of

TOKENS: Mapping[str, str] = {
    "Bucket": "aws:s3/bucket:Bucket",
    "BucketPolicy": "aws:s3/bucketPolicy:BucketPolicy",
    "Encryption": "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "Key": "aws:kms/key:Key",
    "LoadBalancer": "aws:lb/loadBalancer:LoadBalancer",
    "LogGroup": "aws:cloudwatch/logGroup:LogGroup",
    "Made": "aws:s3/made:Made",
    "NodeGroup": "aws:eks/nodeGroup:NodeGroup",
    "Role": "aws:iam/role:Role",
    "RolePolicy": "aws:iam/rolePolicy:RolePolicy",
    "Subnet": "aws:ec2/subnet:Subnet",
    "TopicSubscription": "aws:sns/topicSubscription:TopicSubscription",
    "Vpc": "aws:ec2/vpc:Vpc",
    "VpcEndpoint": "aws:ec2/vpcEndpoint:VpcEndpoint",
}
KEY_ARN = "arn:aws:kms:eu-west-1:444455556666:key/0"


@dataclass(frozen=True, slots=True)
class Twin:
    """One fault.

    Attributes:
        rule: The rule that must find it.
        plan: A plan that has it.
        says: What the problem's text must contain.
    """

    rule: str
    plan: Plan
    says: str


def twin(rule: str, token: str, inputs: Mapping[str, Any], says: str) -> Twin:
    return Twin(rule, plan_of(resource(TOKENS[token], "one", inputs)), says)


def policy(**changes: Any) -> str:
    """A policy of one statement that is fine but for the changes; a None takes a key away."""
    statement = {"Sid": "One", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | changes
    kept = {key: value for key, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


def role_policy(says: str, rule: str = "policies are well formed", **changes: Any) -> Twin:
    return twin(rule, "RolePolicy", {"role": "r", "policy": policy(**changes)}, says)


def _two(rule: str, token: str, says: str, *inputs: Mapping[str, Any]) -> Twin:
    vpc = resource(TOKENS["Vpc"], "network", {"cidrBlock": "10.0.0.0/16"})
    uses = {"vpcId": (urn_of(TOKENS["Vpc"], "network"),)}
    found = [resource(TOKENS[token], f"r{number}", each, uses=uses) for number, each in enumerate(inputs)]
    return Twin(rule, plan_of(vpc, *found), says)


_DOCUMENTS = (
    role_policy("Effect is 'Permit'", Effect="Permit"),
    role_policy("other characters", Sid="has spaces"),
    role_policy("unknown keys ['Principals']", Principals="*"),
    role_policy("names a principal", Principal="*"),
    role_policy("names no resource", Resource=None),
    role_policy("has to have one of Action and NotAction", Action=None),
    role_policy("has to have one of Action and NotAction", NotAction="s3:PutObject"),
    role_policy("Resource is empty", Resource=[]),
    role_policy("is no condition operator", Condition={"StringEqual": {"aws:RequestedRegion": "eu-west-1"}}),
    role_policy("has no prefix, or no value", Condition={"StringEquals": {"RequestedRegion": "eu-west-1"}}),
    twin("policies are well formed", "RolePolicy", {"role": "r", "policy": "{"}, "is no JSON object"),
    twin("policies are well formed", "RolePolicy", {"policy": '{"Statement": []}'}, "Version is None"),
    twin("policies are well formed", "BucketPolicy", {"policy": policy()}, "names no principal"),
    twin("policies are well formed", "Role", {"assumeRolePolicy": policy(Principal="*")}, "names a resource"),
    twin(
        "policies are well formed",
        "RolePolicy",
        {"policy": json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "A"}, {"Sid": "A"}]})},
        "not unique",
    ),
    role_policy("matches no action of s3", "policies name actions that exist", Action="s3:GetObjects"),
    role_policy("matches no action of s3", "policies name actions that exist", Action=["s3:ListObjectsV2"]),
    role_policy("matches no action of kms", "policies name actions that exist", Action="kms:Generate*Keys"),
    role_policy("names no service", "policies name actions that exist", Action="s4:GetObject"),
    role_policy("names no service", "policies name actions that exist", Action="GetObject"),
    role_policy("at most 10240", "policies fit", Resource=[f"arn:aws:s3:::bucket-{n}/*" for n in range(500)]),
    twin("policies fit", "Role", {"assumeRolePolicy": policy(Principal={"AWS": ["1" * 12] * 200})}, "at most 2048"),
    Twin(
        "policies fit",
        plan_of(
            *(
                resource(TOKENS["RolePolicy"], name, {"role": "r", "policy": policy(Resource=[name * 6000])})
                for name in "ab"
            )
        ),
        "at most 10240",
    ),
)
TWINS: tuple[Twin, ...] = (
    twin("required arguments are there", "BucketPolicy", {"bucket": "b"}, "policy: is required"),
    twin("required arguments are there", "Encryption", {"bucket": "b"}, "rules: is required"),
    twin(
        "required arguments are there",
        "Encryption",
        {"rules": [{"applyServerSideEncryptionByDefault": {}}]},
        "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm: is required",
    ),
    twin("no argument is unknown", "Bucket", {"bucketName": "b"}, "bucketName: is no argument of BucketArgs"),
    twin("no argument is unknown", "Encryption", {"rules": [{"bucketKey": True}]}, "rules[0].bucketKey"),
    twin("no argument is unknown", "Made", {}, "is no type of the installed SDK"),
    twin("values are of the type that the argument takes", "Bucket", {"bucket": ["b"]}, "bucket: is list"),
    twin("values are of the type that the argument takes", "Bucket", {"forceDestroy": "yes"}, "forceDestroy: is str"),
    twin("values are of the type that the argument takes", "Bucket", {"tags": ["a"]}, "tags: is list, not map"),
    twin("values are of the type that the argument takes", "Encryption", {"rules": {}}, "rules: is dict, not blocks"),
    twin("values are what the API takes", "NodeGroup", {"capacityType": "CHEAP"}, "is none of ['ON_DEMAND', 'SPOT'"),
    twin("values are what the API takes", "NodeGroup", {"amiType": "AL2023"}, "amiType: 'AL2023' is none of"),
    twin("values are what the API takes", "Role", {"name": "r" * 65}, "65 characters is not from 1 to 64"),
    twin("values are what the API takes", "Role", {"name": "a/b"}, "does not match"),
    twin("values are what the API takes", "Role", {"maxSessionDuration": 60}, "60 is not from 3600 to 43200"),
    twin(
        "values are what the API takes",
        "Encryption",
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES128"}}]},
        "sseAlgorithm: 'AES128' is none of",
    ),
    twin(
        "texts are finished",
        "LogGroup",
        {"name": "Calling __str__ on an Output[T] is not supported."},
        "Calling __str__ on an Output",
    ),
    twin("texts are finished", "Bucket", {"bucket": "serving-None"}, "contains"),
    twin("texts are finished", "Bucket", {"tags": {"a": "<components.keys.Key object at 0x7f>"}}, "object at 0x"),
    twin("ARNs are ARNs", "LogGroup", {"kmsKeyId": "arn:aws:kms:eu-west-1:4444:key/0"}, "is no ARN"),
    twin("ARNs are ARNs", "LogGroup", {"kmsKeyId": KEY_ARN.replace("eu-west-1", "eu-west-9")}, "the region"),
    twin("ARNs are ARNs", "LogGroup", {"kmsKeyId": KEY_ARN.replace("kms", "keys")}, "the service 'keys'"),
    twin("ARNs are ARNs", "NodeGroup", {"nodeRoleArn": "node-role"}, "'node-role' is no ARN"),
    twin("ARNs are ARNs", "NodeGroup", {"nodeRoleArn": "arn:aws:iam:eu-west-1:444455556666:role/r"}, "iam has none"),
    role_policy("is no ARN", "ARNs are ARNs", Resource="arn:aws:s3::bucket"),
    twin("names and tags fit", "Bucket", {"bucket": "Upper"}, "does not match"),
    twin("names and tags fit", "Bucket", {"bucket": "b" * 64}, "does not match"),
    twin("names and tags fit", "LoadBalancer", {"name": "internal-edge"}, "does not match"),
    twin("names and tags fit", "Key", {"tags": {"aws:owner": "team"}}, "the key does not match"),
    twin("names and tags fit", "Key", {"tags": {"owner": "t" * 257}}, "does not match"),
    twin("names and tags fit", "Key", {"tags": {"owner": "a;b"}}, "'a;b' does not match"),
    twin("names and tags fit", "Key", {"tags": {f"tag{n}": "" for n in range(51)}}, "51 tags"),
    _two("names and tags fit", "Bucket", "is the name of", {"bucket": "one"}, {"bucket": "one"}),
    twin("networks are what VPC takes", "Vpc", {"cidrBlock": "10.0.0.1/16"}, "host bits"),
    twin("networks are what VPC takes", "Vpc", {"cidrBlock": "10.0.0.0/15"}, "not between /16 and /28"),
    twin("networks are what VPC takes", "Subnet", {"cidrBlock": "10.0.0.0/29"}, "not between /16 and /28"),
    _two("networks are what VPC takes", "Subnet", "outside of its network", {"cidrBlock": "10.1.0.0/24"}),
    _two(
        "networks are what VPC takes",
        "Subnet",
        "overlaps",
        {"cidrBlock": "10.0.0.0/24"},
        {"cidrBlock": "10.0.0.128/25"},
    ),
    _two("networks are what VPC takes", "Vpc", "of the network of", {"cidrBlock": "10.0.0.0/20"}),
    *_DOCUMENTS,
)
