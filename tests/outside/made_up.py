"""Values of the form that AWS would compute: identifiers, ARNs, addresses.

Owns one function, `made_up`, and the tables of forms behind it. Forms are those of the AWS documentation and of the
patterns in botocore's service models.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

from pulumi import _types as sdk_types

ACCOUNT = "444455556666"
DEFAULT_REGION = "eu-west-1"

# package.Name -> prefix of identifiers, which go on with 17 hexadecimal digits
_IDENTIFIERS = {
    "ec2.Vpc": "vpc",
    "ec2.Subnet": "subnet",
    "ec2.SecurityGroup": "sg",
    "ec2.DefaultSecurityGroup": "sg",
    "ec2.RouteTable": "rtb",
    "ec2.InternetGateway": "igw",
    "ec2.NatGateway": "nat",
    "ec2.Eip": "eipalloc",
    "ec2.LaunchTemplate": "lt",
    "ec2.VpcEndpoint": "vpce",
    "ec2.VpcPeeringConnection": "pcx",
    "ec2.CapacityReservation": "cr",
    "ec2.CapacityBlockReservation": "cr",
    "ec2.FlowLog": "fl",
    "ec2.ManagedPrefixList": "pl",
    "ec2transitgateway.TransitGateway": "tgw",
    "amp.Workspace": "ws",
}
# package.Name -> service and resource part of the ARN; `{name}` is the physical name, `{id}` the identifier
_ARNS = {
    "acm.Certificate": "acm:{region}:{account}:certificate/{uuid}",
    "amp.Workspace": "aps:{region}:{account}:workspace/{id}",
    "arcregionswitch.Plan": "arc-region-switch::{account}:plan/{name}:a1b2c3",
    "backup.Vault": "backup:{region}:{account}:backup-vault:{name}",
    "budgets.Budget": "budgets::{account}:budget/{name}",
    "cfg.Rule": "config:{region}:{account}:config-rule/config-rule-a1b2c3",
    "cloudtrail.Trail": "cloudtrail:{region}:{account}:trail/{name}",
    "cloudwatch.EventRule": "events:{region}:{account}:rule/{name}",
    "cloudwatch.LogGroup": "logs:{region}:{account}:log-group:{name}",
    "cloudwatch.MetricAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "cloudwatch.CompositeAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "costexplorer.AnomalyMonitor": "ce::{account}:anomalymonitor/{uuid}",
    "dynamodb.Table": "dynamodb:{region}:{account}:table/{name}",
    "ec2.CapacityReservation": "ec2:{region}:{account}:capacity-reservation/{id}",
    "ecr.Repository": "ecr:{region}:{account}:repository/{name}",
    "eks.Cluster": "eks:{region}:{account}:cluster/{name}",
    "globalaccelerator.Accelerator": "globalaccelerator::{account}:accelerator/{uuid}",
    "globalaccelerator.Listener": "globalaccelerator::{account}:accelerator/{uuid}/listener/0123abcd",
    "iam.InstanceProfile": "iam::{account}:instance-profile/{name}",
    "iam.Policy": "iam::{account}:policy/{name}",
    "iam.ServiceLinkedRole": "iam::{account}:role/aws-service-role/{name}/AWSServiceRoleForThis",
    "iam.Role": "iam::{account}:role/{name}",
    "kinesis.FirehoseDeliveryStream": "firehose:{region}:{account}:deliverystream/{name}",
    "kms.Key": "kms:{region}:{account}:key/{uuid}",
    "kms.ReplicaKey": "kms:{region}:{account}:key/{uuid}",
    "lambda.Function": "lambda:{region}:{account}:function:{name}",
    "lb.LoadBalancer": "elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/0123456789abcdef",
    "lb.Listener": "elasticloadbalancing:{region}:{account}:listener/app/edge/0123456789abcdef/0123456789abcdef",
    "lb.TargetGroup": "elasticloadbalancing:{region}:{account}:targetgroup/{name}/0123456789abcdef",
    "resourcegroups.Group": "resource-groups:{region}:{account}:group/{name}",
    "s3.Bucket": "s3:::{name}",
    "sns.Topic": "sns:{region}:{account}:{name}",
    "sqs.Queue": "sqs:{region}:{account}:{name}",
    "wafv2.WebAcl": "wafv2:{region}:{account}:regional/webacl/{name}/{uuid}",
}
# Types whose identifier is their ARN, their name, or another output (docs of terraform-provider-aws, `id`).
_ID_IS_ARN = frozenset(
    {
        "acm.Certificate",
        "arcregionswitch.Plan",
        "cloudtrail.Trail",
        "costexplorer.AnomalyMonitor",
        "globalaccelerator.Accelerator",
        "globalaccelerator.Listener",
        "iam.Policy",
        "lb.Listener",
        "lb.LoadBalancer",
        "lb.TargetGroup",
        "sns.Topic",
    }
)
_ID_IS_UUID = frozenset({"backup.Plan", "kms.Key", "kms.ReplicaKey", "route53.HealthCheck", "wafv2.WebAcl"})
_NAMES = ("name", "bucket", "roleName", "backupVaultName", "awsServiceName")
# The end of an output's name -> what it looks like.
_FORMS = {
    "accountid": "{account}",
    "ownerid": "{account}",
    "registryid": "{account}",
    "repositoryurl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
    "hostedzoneid": "Z0123456789ABCDEFGHIJ",
    "zoneid": "Z0123456789ABCDEFGHIJ",
    "dnsname": "d0123456.{region}.elb.amazonaws.com",
    "domainname": "{name}.s3.amazonaws.com",
    "prometheusendpoint": "https://aps-workspaces.{region}.amazonaws.com/workspaces/{id}/",
    "endpoint": "https://0123456789ABCDEF0123456789ABCDEF.gr7.{region}.eks.amazonaws.com",
    "ip": "203.0.113.10",
    "routetableid": "rtb-{hex}",
    "securitygroupid": "sg-{hex}",
    "vpcid": "vpc-{hex}",
    "networkaclid": "acl-{hex}",
    "networkinterfaceid": "eni-{hex}",
    "associationid": "eipassoc-{hex}",
    "allocationid": "eipalloc-{hex}",
    "prefixlistid": "pl-{hex}",
    "cidrblock": "10.0.0.0/16",
    "keyid": "{uuid}",
    "url": "https://sqs.{region}.amazonaws.com/{account}/{name}",
    "issuer": "https://oidc.eks.{region}.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
    "fqdn": "{name}",
    "arnsuffix": "app/{name}/0123456789abcdef",
    "data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==",
    "certificatechain": "",
    "version": "1",
}


def made_up(type_token: str, output: str, kind: Any, seed: str, inputs: Mapping[str, Any]) -> Any:
    """A value for one output of a resource.

    Args:
        type_token: The resource's type.
        output: The output's wire name; `id` for the identifier.
        kind: Its type, as the SDK declares it.
        seed: Hexadecimal digits that are the resource's own.
        inputs: What the resource was given.
    """
    if output == "domainValidationOptions":
        return _validation_options(inputs)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union:
        return made_up(type_token, output, arguments[0], seed, inputs)
    if isinstance(kind, type) and sdk_types.is_output_type(kind):
        within = sdk_types.output_type_types(kind)
        return {key: made_up(type_token, key, inner, seed, inputs) for key, inner in within.items()}
    if origin is not None and issubclass(origin, Mapping):
        return {}
    if origin is not None:
        return [made_up(type_token, output, arguments[0], seed, inputs)] if _is_object(arguments[0]) else []
    if kind is bool:
        return False
    if kind in {int, float}:
        return 1
    return _text(_key(type_token), output, seed, inputs)


def _validation_options(inputs: Mapping[str, Any]) -> list[dict[str, str]]:
    """One record for each name of a certificate, the only output that says as much as the inputs."""
    names = [inputs["domainName"], *inputs.get("subjectAlternativeNames", ())]
    return [
        {
            "domainName": name,
            "resourceRecordName": f"_0123456789abcdef.{name.removeprefix('*.')}.",
            "resourceRecordType": "CNAME",
            "resourceRecordValue": "_0123456789abcdef.acm-validations.aws.",
        }
        for name in dict.fromkeys(names)
    ]


def _is_object(kind: Any) -> bool:
    return isinstance(kind, type) and sdk_types.is_output_type(kind)


def _key(type_token: str) -> str:
    _, module, name = type_token.split(":")
    return f"{module.partition('/')[0]}.{name}"


def _text(key: str, output: str, seed: str, inputs: Mapping[str, Any]) -> str:
    words = {
        "account": ACCOUNT,
        "region": str(inputs.get("region") or DEFAULT_REGION),
        "name": next((str(inputs[one]) for one in _NAMES if inputs.get(one)), f"made-up-{seed[:8]}"),
        "hex": seed[:17],
        "uuid": f"{seed[:8]}-{seed[8:12]}-4{seed[13:16]}-8{seed[17:20]}-{seed[20:32]}",
    }
    words["id"] = f"{_IDENTIFIERS[key]}-{seed[:17]}" if key in _IDENTIFIERS else words["name"]
    if key == "guardduty.Detector":
        words["id"] = seed[:32]
    if key in _ID_IS_UUID:
        words["id"] = words["uuid"]
    arn = "arn:aws:" + _ARNS.get(key, "{service}:{region}:{account}:{id}").format(
        **words, service=key.partition(".")[0]
    )
    if output == "arn" or (output == "id" and key in _ID_IS_ARN):
        return arn
    if output == "id":
        return words["id"]
    form = next((_FORMS[end] for end in sorted(_FORMS, key=len, reverse=True) if output.lower().endswith(end)), None)
    if form is not None:
        return form.format(**words)
    return arn if output.lower().endswith("arn") else f"made-up-{output}"
