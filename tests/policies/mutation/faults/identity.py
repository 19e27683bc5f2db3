"""Faults of who may do what."""

from __future__ import annotations

from policies.keys import KMS_KEY, KMS_REPLICA_KEY
from policies.tokens import EKS_CLUSTER, ROLLOUT
from tests.policies.mutation.fault import Fault, add, drop, edit, made_by, named, put, remove
from tests.policies.mutation.recorded import Entry

_ROLE = "aws:iam/role:Role"
_ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_DEFAULTS = "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults"
_IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
_K8S_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role"
_NODE_CLASS = "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass"
_ENV = ("spec", "template", "spec", "containers", "0", "env")
_FIRST = ("policy", "Statement", "0")
_FOREIGN = "arn:aws:iam::999988887777:root"
_TRUST = ("assumeRolePolicy", "Statement", "0")

# what a node may do, every pod on it may
_ON_NODES = {"eks-pod-identity": named("-node-role-")}


def with_secret(env: list[dict[str, str]]) -> list[dict[str, str]]:
    """One more variable, with what nobody should read."""
    return [*env, {"name": "API_TOKEN", "value": "c29tZXRoaW5nLWxvbmctYW5kLXNlY3JldA"}]


def of_pods(entry: Entry) -> bool:
    """A role that pods run under."""
    return "pods.eks.amazonaws.com" in str(entry.properties["assumeRolePolicy"])


FAULTS = (
    Fault("everything allowed", _ROLE_POLICY, put(*_FIRST, "Action", "*"), ("iam-no-wildcards",), _ON_NODES),
    Fault("a whole service allowed", _ROLE_POLICY, put(*_FIRST, "Action", "s3:*"), ("iam-no-wildcards",), _ON_NODES),
    Fault(
        "any role may be passed",
        _ROLE_POLICY,
        put(*_FIRST, {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}),
        ("iam-no-wildcards",),
        _ON_NODES,
    ),
    Fault(
        "all but one thing allowed",
        _ROLE_POLICY,
        put(*_FIRST, {"Effect": "Allow", "NotAction": "s3:PutObject", "Resource": "*"}),
        ("iam-no-wildcards",),
    ),
    Fault("whoever may assume", _ROLE, put(*_TRUST, "Principal", "*"), ("iam-trust-bounded",)),
    Fault("every account may assume", _ROLE, put(*_TRUST, "Principal", {"AWS": ["*"]}), ("iam-trust-bounded",)),
    Fault(
        "another account may assume",
        _ROLE,
        put(*_TRUST, {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": _FOREIGN}}),
        ("iam-trust-bounded",),
    ),
    Fault("sessions of half a day", _ROLE, put("maxSessionDuration", 43200), ("iam-boundary",), where=of_pods),
    Fault(
        "old way into the cluster",
        EKS_CLUSTER,
        put("accessConfig.authenticationMode", "API_AND_CONFIG_MAP"),
        ("eks-access-entries",),
    ),
    Fault(
        "creator administrates",
        EKS_CLUSTER,
        put("accessConfig.bootstrapClusterCreatorAdminPermissions", True),
        ("eks-access-entries",),
    ),
    Fault(
        "key for everybody",
        (KMS_KEY, KMS_REPLICA_KEY),
        put("policy", "Statement", "0", "Principal", "*"),
        ("kms-key-policy",),
    ),
    Fault(
        "all of the key for one",
        (KMS_KEY, KMS_REPLICA_KEY),
        put("policy", "Statement", "0", "Action", "kms:*"),
        ("kms-key-policy",),
    ),
    Fault("all verbs", _K8S_ROLE, put("rules.0.verbs", ["*"]), ("k8s-rbac-min",)),
    Fault("all objects", _K8S_ROLE, put("rules.0.resources", ["*"]), ("k8s-rbac-min",)),
    Fault(
        "secrets are listed",
        _K8S_ROLE,
        put("rules.0", {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}),
        ("k8s-rbac-min",),
    ),
    Fault(
        "roles may grow",
        _K8S_ROLE,
        put("rules.0", {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["escalate"]}),
        ("k8s-rbac-min",),
    ),
    Fault("IMDSv1", _TEMPLATE, put("metadataOptions.httpTokens", "optional"), ("imds-v2-hop1",)),
    Fault("metadata not stated", _TEMPLATE, drop("metadataOptions"), ("imds-v2-hop1",)),
    Fault("pods reach the metadata", _TEMPLATE, put("metadataOptions.httpPutResponseHopLimit", 2), ("imds-v2-hop1",)),
    Fault("IMDSv1 by default", _DEFAULTS, put("httpTokens", "optional"), ("imds-v2-hop1",)),
    Fault("pods reach the metadata by default", _DEFAULTS, put("httpPutResponseHopLimit", 2), ("imds-v2-hop1",)),
    Fault(
        "IMDSv1 on Karpenter's nodes",
        _NODE_CLASS,
        put("spec.metadataOptions.httpTokens", "optional"),
        ("imds-v2-hop1",),
    ),
    Fault("pods without an identity", _IDENTITY, remove, ("eks-pod-identity",), where=made_by("ModelService")),
    Fault("secret in the environment", ROLLOUT, edit(*_ENV, to=with_secret), ("secret-not-in-env",)),
    Fault(
        "key of AWS in the configuration",
        "kubernetes:core/v1:ConfigMap",
        put("data", "key", "AKIAIOSFODNN7EXAMPLE"),
        ("secret-not-in-env",),
    ),
    Fault(
        "secret that never changes",
        "aws:dynamodb/table:Table",
        add(
            "aws:secretsmanager/secret:Secret",
            {
                "name": "token",
                "region": "eu-west-1",
                "kmsKeyId": "arn:aws:kms:eu-west-1:444455556666:key/0d6a7f2e-6f4c-4a55-9d53-0a7b8a2d1c11",
            },
        ),
        ("secret-rotation",),
    ),
)
