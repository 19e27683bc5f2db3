"""Faults that open something to the world, or to the whole of a network."""

from __future__ import annotations

from policies.tokens import EKS_CLUSTER
from tests.policies.mutation.fault import Fault, drop, made_by, named, put, remove

_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_SERVICE = "kubernetes:core/v1:Service"
_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
_ACL = "aws:wafv2/webAcl:WebAcl"

FAULTS = (
    Fault(
        "API of the cluster public", EKS_CLUSTER, put("vpcConfig.endpointPublicAccess", True), ("eks-endpoint-private",)
    ),
    Fault("endpoint not stated", EKS_CLUSTER, drop("vpcConfig.endpointPublicAccess"), ("eks-endpoint-private",)),
    Fault(
        "private endpoint off", EKS_CLUSTER, put("vpcConfig.endpointPrivateAccess", False), ("eks-endpoint-private",)
    ),
    Fault(
        "database on the internet",
        ("aws:rds/clusterInstance:ClusterInstance", "aws:dms/instanceProfile:InstanceProfile"),
        put("publiclyAccessible", True),
        ("db-not-public",),
    ),
    Fault(
        "database on the internet by default",
        "aws:dms/instanceProfile:InstanceProfile",
        drop("publiclyAccessible"),
        ("db-not-public",),
    ),
    Fault("no block of public access", _BLOCK, remove, ("s3-block-public",)),
    *(Fault(f"{flag} off", _BLOCK, put(flag, False), ("s3-block-public",)) for flag in _FLAGS),
    Fault("block of public access half stated", _BLOCK, drop("restrictPublicBuckets"), ("s3-block-public",)),
    Fault("writers own their objects", _OWNERSHIP, put("rule.objectOwnership", "ObjectWriter"), ("s3-block-public",)),
    Fault(
        "owners of objects not stated",
        _OWNERSHIP,
        remove,
        survives="new buckets ignore access lists since April 2023; `ownership_required` demands the statement",
    ),
    *(
        Fault(
            f"{flag} of the account off",
            "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
            put(flag, False),
            survives="the block of the account is a second line; each bucket has one of its own, which is judged",
        )
        for flag in _FLAGS
    ),
    Fault("world admitted", _INGRESS, put("cidrIpv4", "0.0.0.0/0"), ("sg-no-world",), where=made_by("Network")),
    Fault(
        "half of the world admitted",
        _INGRESS,
        put("cidrIpv4", "128.0.0.0/1"),
        ("sg-no-world",),
        where=made_by("Network"),
    ),
    Fault("world of IPv6 admitted", _INGRESS, put("cidrIpv6", "::/0"), ("sg-no-world",), where=made_by("Network")),
    Fault("edge opened on SSH", _INGRESS, put("fromPort", 22), ("sg-no-world",), where=named("edge-https")),
    Fault("rule without description", (_INGRESS, _EGRESS), drop("description"), ("sg-no-world",)),
    Fault("everything may leave", _EGRESS, put("cidrIpv4", "0.0.0.0/0"), ("sg-no-world",)),
    Fault(
        "edge is tagged no more",
        "aws:ec2/securityGroup:SecurityGroup",
        drop("tags.edge"),
        ("sg-no-world",),
        where=lambda entry: "edge" in entry.properties.get("tags", {}),
    ),
    Fault(
        "public access to the network not blocked",
        "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions",
        remove,
        ("vpc-bpa",),
    ),
    Fault(
        "public access allowed",
        "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions",
        put("internetGatewayBlockMode", "off"),
        ("vpc-bpa",),
    ),
    Fault("public addresses by default", "aws:ec2/subnet:Subnet", put("mapPublicIpOnLaunch", True), ("vpc-bpa",)),
    Fault(
        "default group open",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        put("ingress", [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}]),
        ("vpc-bpa",),
    ),
    Fault("default group left as it is", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", remove, ("vpc-bpa",)),
    Fault("endpoint without policy", _ENDPOINT, drop("policy"), ("vpc-endpoints",)),
    Fault(
        "endpoint gone",
        _ENDPOINT,
        remove,
        ("vpc-endpoints",),
        each=40,
        where=named(
            "-s3-endpoint", "-ecr-api-endpoint", "-ecr-dkr-endpoint", "-sts-endpoint", "-kms-endpoint", "-logs-endpoint"
        ),
    ),
    Fault("no flow log", "aws:ec2/flowLog:FlowLog", remove, ("flow-logs",)),
    Fault("only what was accepted is logged", "aws:ec2/flowLog:FlowLog", put("trafficType", "ACCEPT"), ("flow-logs",)),
    Fault("no firewall before the balancer", "aws:wafv2/webAclAssociation:WebAclAssociation", remove, ("waf-on-edge",)),
    Fault(
        "firewall does not log",
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        remove,
        ("waf-on-edge", "access-logs"),
    ),
    Fault("firewall does not count", _ACL, drop("rules.0"), ("waf-on-edge",)),
    Fault("no rule of the firewall", _ACL, put("rules", []), ("waf-on-edge",)),
    Fault("no policy of the network", _POLICY, remove, ("netpol-default-deny",), where=named("default-deny")),
    Fault(
        "ingress is not refused",
        _POLICY,
        put("spec.policyTypes", ["Egress"]),
        ("netpol-default-deny",),
        where=named("default-deny"),
    ),
    Fault("port of the node", _SERVICE, put("spec.type", "NodePort"), ("no-nodeport-lb",)),
    Fault("balancer of its own", _SERVICE, put("spec.type", "LoadBalancer"), ("no-nodeport-lb",)),
    Fault("foreign addresses", _SERVICE, put("spec.externalIPs", ["203.0.113.4"]), ("no-nodeport-lb",)),
)
