"""Samples of `eks-pod-identity`."""

from __future__ import annotations

from dataclasses import replace

from policies.checks.eks_pod_identity import ASSOCIATION
from policies.iam import POLICY, ROLE, ROLE_ATTACHMENT, ROLE_POLICY
from policies.tokens import ACCESS_ENTRY, EKS_CLUSTER, NAMESPACE, NODE_GROUP, SERVICE_ACCOUNT
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.workloads import deployment, pods

PROVIDER = "pulumi:providers:kubernetes"
IRSA = "eks.amazonaws.com/role-arn"
CLUSTER = Declared(EKS_CLUSTER, "c", {"name": "shop"})
OTHER = Declared(EKS_CLUSTER, "other", {"name": "other"})
CHAT = deployment(template=pods(serviceAccountName="chat"))
NODES = Declared(ROLE, "nodes", {"name": "nodes"})
GROUP = Declared(NODE_GROUP, "group", {"nodeRoleArn": UNKNOWN}, {"nodeRoleArn": ("nodes",)})
PEOPLE = {"principalArn": "arn:aws:iam::111122223333:role/people"}
AUTO = {"enabled": True, "nodeRoleArn": UNKNOWN}
KARPENTER = Declared(
    ACCESS_ENTRY, "access", {"principalArn": UNKNOWN, "type": "EC2_LINUX"}, {"principalArn": ("nodes",)}
)


def identity(name: str = "identity", cluster: object = "shop", **changes: object) -> Declared:
    properties = {"clusterName": cluster, "namespace": "assistants", "serviceAccount": "chat", "roleArn": UNKNOWN}
    return Declared(ASSOCIATION, name, {**properties, **changes})


def account(annotations: dict[str, str]) -> Declared:
    metadata = {"name": "chat", "namespace": "assistants", "annotations": annotations}
    return Declared(SERVICE_ACCOUNT, "chat-account", {"metadata": metadata})


def attached(policy: str) -> Declared:
    return Declared(
        ROLE_ATTACHMENT,
        "attached",
        {"role": UNKNOWN, "policyArn": f"arn:aws:iam::aws:policy/{policy}"},
        {"role": ("nodes",)},
    )


def rights(*actions: object) -> Declared:
    document = {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "arn:aws:s3:::models/*"}]}
    return Declared(ROLE_POLICY, "rights", {"role": UNKNOWN, "policy": document}, {"role": ("nodes",)})


ACCESS = Declared(PROVIDER, "access", {"kubeconfig": UNKNOWN}, {"kubeconfig": ("c",)})
READ = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
NONE = ("no PodIdentityAssociation gives assistants/chat an identity",)

SAMPLES = (
    Sample(Case.ALLOWED, "one identity", (CLUSTER, CHAT, identity())),
    Sample(Case.ALLOWED, "service account with a role", (CLUSTER, CHAT, account({IRSA: "arn:aws:iam::1:role/chat"}))),
    Sample(
        Case.RESOLVED,
        "cluster of the provider",
        (CLUSTER, OTHER, ACCESS, replace(CHAT, provider=ACCESS.urn), identity()),
    ),
    Sample(
        Case.RESOLVED,
        "names that are not known yet",
        (
            Declared(EKS_CLUSTER, "c", {}),
            Declared(EKS_CLUSTER, "other", {}),
            ACCESS,
            Declared(NAMESPACE, "assistants", {"metadata": {"name": "assistants"}}),
            account({}),
            replace(CHAT, provider=ACCESS.urn),
            replace(
                identity(cluster=UNKNOWN, namespace=UNKNOWN),
                needs={"clusterName": ("c",), "namespace": ("assistants",)},
            ),
            replace(identity("second", cluster=UNKNOWN), needs={"clusterName": ("other",)}),
        ),
    ),
    Sample(
        Case.ALLOWED,
        "clusters of one name in two regions",
        (
            replace(CLUSTER, region="eu-west-1"),
            Declared(EKS_CLUSTER, "other", {"name": "shop"}, region="eu-central-1"),
            CHAT,
            replace(identity(), region="eu-west-1"),
            replace(identity("second"), region="eu-central-1"),
        ),
    ),
    Sample(Case.ALLOWED, "roles of others", (NODES, GROUP, Declared(ROLE, "app", {"managedPolicyArns": [READ]}))),
    Sample(
        Case.RESOLVED,
        "narrow nodes",
        (NODES, GROUP, attached("AmazonEKSWorkerNodePolicy"), rights("ecr:CreateRepository")),
    ),
    Sample(Case.DISALLOWED, "no identity", (CLUSTER, CHAT), NONE),
    Sample(Case.DISALLOWED, "another account's", (CLUSTER, CHAT, identity(serviceAccount="x")), NONE),
    Sample(Case.DISALLOWED, "another namespace's", (CLUSTER, CHAT, identity(namespace="x")), NONE),
    Sample(
        Case.DISALLOWED,
        "another cluster's",
        (CLUSTER, OTHER, ACCESS, replace(CHAT, provider=ACCESS.urn), identity(cluster="other")),
        NONE,
    ),
    Sample(
        Case.DISALLOWED,
        "service account, by parameter",
        (CLUSTER, CHAT, account({IRSA: "arn:aws:iam::1:role/chat"})),
        NONE,
        parameters={"irsa_allowed": False},
    ),
    Sample(
        Case.DISALLOWED,
        "two identities",
        (CLUSTER, CHAT, identity(), identity("second")),
        ("has more than one identity in the cluster",),
    ),
    Sample(Case.DISALLOWED, "no session tags", (identity(disableSessionTags=True),), ("disableSessionTags is true",)),
    Sample(
        Case.DISALLOWED,
        "nodes read buckets",
        (NODES, GROUP, attached("AmazonS3ReadOnlyAccess")),
        ("policyArn gives",),
    ),
    Sample(
        Case.DISALLOWED,
        "nodes, by a policy of the stack",
        (
            NODES,
            GROUP,
            Declared(POLICY, "p", {"policy": {"Statement": {"Effect": "Allow", "Action": "s3:*"}}}),
            Declared(
                ROLE_ATTACHMENT,
                "attached",
                {"role": UNKNOWN, "policyArn": UNKNOWN},
                {"role": ("nodes",), "policyArn": ("p",)},
            ),
        ),
        ("Action gives",),
    ),
    Sample(Case.DISALLOWED, "nodes, inline", (NODES, GROUP, rights("s3:GetObject")), ("Action[0] gives",)),
    Sample(
        Case.DISALLOWED,
        "nodes by name",
        (
            Declared(ROLE, "nodes", {"name": "nodes", "managedPolicyArns": [READ]}),
            Declared(NODE_GROUP, "group", {"nodeRoleArn": "arn:aws:iam::111122223333:role/nodes"}),
        ),
        ("managedPolicyArns[0] gives",),
    ),
    Sample(
        Case.DISALLOWED,
        "nodes of Karpenter",
        (NODES, KARPENTER, rights("s3:GetObject")),
        ("Action[0] gives",),
    ),
    Sample(
        Case.DISALLOWED,
        "nodes of Auto Mode",
        (NODES, Declared(EKS_CLUSTER, "auto", {"computeConfig": AUTO}, {"computeConfig": ("nodes",)}), rights("s3:*")),
        ("Action[0] gives",),
    ),
    Sample(
        Case.UNKNOWN,
        "whose nodes or people",
        (NODES, replace(KARPENTER, properties={**PEOPLE, "type": UNKNOWN}, needs={})),
        ("type is not known",),
    ),
    Sample(Case.ALLOWED, "people", (NODES, replace(KARPENTER, properties=PEOPLE), rights("s3:GetObject"))),
    Sample(
        Case.UNKNOWN,
        "whose access",
        (NODES, replace(KARPENTER, needs={})),
        ("principalArn is not known",),
    ),
    Sample(
        Case.UNKNOWN,
        "whose identity",
        (CLUSTER, CHAT, identity(serviceAccount=UNKNOWN)),
        ("serviceAccount is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no EKS", (CHAT,)),
    Sample(
        Case.NOT_APPLICABLE,
        "serves no model",
        (CLUSTER, deployment(labels={"app": "x"}, template=pods(labels={"app": "x"}, serviceAccountName="web"))),
    ),
)
