"""Faults of what is sent in the clear."""

from __future__ import annotations

from policies.checks.tls_mesh_lattice import PEER_AUTHENTICATIONS
from tests.policies.mutation.fault import EVERY, Fault, add, drop, edit, put, remove

_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
_LISTENER = "aws:lb/listener:Listener"
_CONTROL = "aws:ec2/vpcEncryptionControl:VpcEncryptionControl"
_GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
_REFUSAL = ("policy", "Statement", "0")

FAULTS = (
    Fault("bucket without policy", _POLICY, remove, ("tls-s3-policy",)),
    Fault("plain connections not refused", _POLICY, drop(*_REFUSAL), ("tls-s3-policy",)),
    Fault(
        "plain connections refused on TLS",
        _POLICY,
        put(*_REFUSAL, "Condition", "Bool", "aws:SecureTransport", "true"),
        ("tls-s3-policy",),
    ),
    Fault("plain connections allowed", _POLICY, put(*_REFUSAL, "Effect", "Allow"), ("tls-s3-policy",)),
    Fault("plain reading refused only", _POLICY, put(*_REFUSAL, "Action", "s3:GetObject"), ("tls-s3-policy",)),
    Fault(
        "plain connections of one refused",
        _POLICY,
        put(*_REFUSAL, "Principal", {"AWS": "arn:aws:iam::444455556666:root"}),
        ("tls-s3-policy",),
    ),
    Fault(
        "listener in the clear",
        _LISTENER,
        put("protocol", "HTTP"),
        ("tls-listener",),
        where=lambda entry: entry.properties["protocol"] == "HTTPS",
    ),
    Fault(
        "outdated TLS",
        _LISTENER,
        put("sslPolicy", "ELBSecurityPolicy-2016-08"),
        ("tls-listener",),
        where=lambda entry: entry.properties["protocol"] == "HTTPS",
    ),
    Fault("TLS of AWS's choice", _LISTENER, drop("sslPolicy"), ("tls-listener",)),
    Fault(
        "plain requests are answered",
        _LISTENER,
        edit(
            "defaultActions",
            EVERY,
            to=lambda action: {
                "type": "forward",
                "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:444455556666:targetgroup/a/0",
            },
        ),
        ("tls-listener",),
        where=lambda entry: entry.properties["protocol"] == "HTTP",
    ),
    Fault("network without control of encryption", _CONTROL, remove, ("tls-vpc-encryption-control",)),
    Fault("gateway in the clear", _GATEWAY, put("spec.listeners.0.protocol", "HTTP"), ("tls-ingress",)),
    Fault(
        "mesh as callers like",
        _GATEWAY,
        add(PEER_AUTHENTICATIONS[0], {"metadata": {"name": "all"}, "spec": {"mtls": {"mode": "PERMISSIVE"}}}),
        ("tls-mesh-lattice",),
    ),
)
