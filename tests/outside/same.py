"""Which checks of checkov's judge the same as which rules of the pack, and where the two differ for a reason.

Owns the two tables alone. A rule may look at more than a check does, or a check at more than a rule: what then is found
by one alone is listed fault by fault. A reason without a difference is a mistake, as is a difference without a reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# rule -> checks (names by `checkov --list`, 3.3.30)
SAME: Mapping[str, tuple[str, ...]] = {
    "access-logs": ("CKV_AWS_18", "CKV_AWS_91", "CKV2_AWS_31"),
    "ddb-global": ("CKV_AWS_28",),
    "deletion-protection": ("CKV_AWS_150",),
    "ecr-immutable-strict": ("CKV_AWS_51",),
    "eks-control-logs": ("CKV_AWS_37",),
    "eks-endpoint-private": ("CKV_AWS_38", "CKV_AWS_39"),
    "enc-backup-vault-cmk": ("CKV_AWS_166",),
    "enc-dynamodb-cmk-all-replicas": ("CKV_AWS_119",),
    "enc-ecr-kms": ("CKV_AWS_136",),
    "enc-eks-secrets": ("CKV_AWS_58",),
    "enc-logs-cmk": ("CKV_AWS_158",),
    "enc-queue-topic-secret-cmk": ("CKV_AWS_26", "CKV_AWS_27"),
    "enc-s3-kms-cmk": ("CKV_AWS_145",),
    "flow-logs": ("CKV2_AWS_11",),
    "iam-no-wildcards": (
        "CKV_AWS_62",
        "CKV_AWS_63",
        "CKV_AWS_286",
        "CKV_AWS_287",
        "CKV_AWS_288",
        "CKV_AWS_289",
        "CKV_AWS_290",
        "CKV_AWS_355",
    ),
    "iam-trust-bounded": ("CKV_AWS_60", "CKV_AWS_61"),
    "img-digest-pinned": ("CKV_K8S_43",),
    "imds-v2-hop1": ("CKV_AWS_79", "CKV_AWS_341"),
    "k8s-probes-drain": ("CKV_K8S_8", "CKV_K8S_9"),
    "k8s-rbac-min": ("CKV_K8S_49", "CKV_K8S_158"),
    "kms-key-policy": ("CKV_AWS_33",),
    "kms-rotation-window": ("CKV_AWS_7",),
    "log-retention-band": ("CKV_AWS_66", "CKV_AWS_338"),
    "pod-no-host": ("CKV_K8S_16", "CKV_K8S_17", "CKV_K8S_18", "CKV_K8S_19", "CKV_K8S_26"),
    "pod-nonroot": ("CKV_K8S_20", "CKV_K8S_28", "CKV_K8S_31", "CKV_K8S_37", "CKV_K8S_40"),
    "pod-rofs": ("CKV_K8S_22",),
    "pod-sa-token": ("CKV_K8S_38",),
    "requests-limits-gpu": ("CKV_K8S_10", "CKV_K8S_12", "CKV_K8S_13"),
    "s3-block-public": ("CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56", "CKV2_AWS_6", "CKV2_AWS_65"),
    "s3-lifecycle": ("CKV2_AWS_61", "CKV_AWS_300"),
    "s3-replication": ("CKV_AWS_21", "CKV_AWS_144"),
    "sg-no-world": ("CKV_AWS_23", "CKV_AWS_24", "CKV_AWS_260"),
    "tls-listener": ("CKV_AWS_2", "CKV_AWS_103"),
    "trail-guard": ("CKV_AWS_35", "CKV_AWS_36", "CKV_AWS_67", "CKV_AWS_238"),
    "version-support": ("CKV_AWS_339",),
    "vpc-bpa": ("CKV_AWS_130", "CKV2_AWS_12"),
    "waf-on-edge": ("CKV2_AWS_28", "CKV2_AWS_31"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Faults that the pack finds and checkov does not, and why.

    Attributes:
        reason: What checkov's check does not look at.
        faults: Rule -> names of faults.
        types: Types on which it holds; on all, if none is named.
    """

    reason: str
    faults: Mapping[str, tuple[str, ...]]
    types: frozenset[str] = frozenset()

    def covers(self, rule: str, fault: str, token: str) -> bool:
        """Whether it is the reason there."""
        return fault in self.faults.get(rule, ()) and (not self.types or token in self.types)


# Each read in checkov's source, 3.3.30, on 2026-11-26.
DIFFERENCES: Sequence[Difference] = (
    Difference(
        "no check of checkov's knows the type",
        {
            "ecr-immutable-strict": ("some tags may move", "tags may move", "tags not stated"),
            "enc-ecr-kms": ("images without KMS", "images without encryption", "key of the images dropped"),
        },
        frozenset({"aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"}),
    ),
    Difference(
        "no check of checkov's knows the type",
        {
            "imds-v2-hop1": ("IMDSv1 by default", "IMDSv1 on Karpenter's nodes", "pods reach the metadata by default"),
            "vpc-bpa": ("public access allowed",),
        },
    ),
    Difference(
        "the check is about load balancers; of these types checkov does not ask for deletion protection",
        {
            "deletion-protection": (
                "deleted with its images",
                "deletion protection not stated",
                "deletion protection off",
                "destroyed with its content",
            )
        },
    ),
    Difference(
        "the check reads whether tags may move, not what becomes of the images",
        {"ecr-immutable-strict": ("deleted with its images",)},
        frozenset({"aws:ecr/repository:Repository"}),
    ),
    Difference(
        "the check asks for KMS, and a key of AWS's own will do",
        {
            "enc-ecr-kms": ("key of the images dropped",),
            "enc-eks-secrets": ("key of the secrets dropped",),
            "enc-s3-kms-cmk": ("key of the bucket dropped",),
        },
        frozenset(
            {
                "aws:ecr/repository:Repository",
                "aws:eks/cluster:Cluster",
                "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            }
        ),
    ),
    Difference(
        "the check asks for any key, and an alias of AWS's own is one",
        {
            "enc-logs-cmk": ("logs under a key of AWS",),
            "enc-queue-topic-secret-cmk": ("queue under a key of AWS", "topic under a key of AWS"),
        },
    ),
    Difference(
        "the checks read what the table has of its own, not its replicas",
        {
            "ddb-global": ("a replica fewer", "no replica", "replica not protected", "replica without recovery"),
            "enc-dynamodb-cmk-all-replicas": ("key of a replica dropped", "replica under a key of AWS"),
        },
    ),
    Difference("the check asks for a log, not for what is in it", {"flow-logs": ("only what was accepted is logged",)}),
    Difference(
        "the checks look for everything allowed, or for dangerous actions on every resource",
        {"iam-no-wildcards": ("a whole service allowed",)},
    ),
    Difference(
        "the checks read principals that are named as AWS's; that everybody is one they overlook",
        {"iam-trust-bounded": ("whoever may assume",)},
    ),
    Difference(
        "the check asks for a year, and inference logs fail it without a fault, too",
        {"log-retention-band": ("logs of a day",)},
    ),
    Difference(
        "the checks ask for versions and for replication, not for how and when",
        {"s3-replication": ("replica without its key", "replication in its own time")},
    ),
    Difference(
        "the check reads the version, not what becomes of it at its end", {"version-support": ("extended support",)}
    ),
    Difference("a bucket key is about cost, which no check is", {"enc-s3-kms-cmk": ("bucket key off",)}),
    Difference(
        "the bucket of access logs fails the check without a fault, too: it can have SSE-S3 only",
        {"enc-s3-kms-cmk": ("no encryption configuration", "rule of encryption dropped")},
    ),
    Difference(
        "the checks read how far the public endpoint is open, not whether there is a private one",
        {"eks-endpoint-private": ("private endpoint off",)},
    ),
    Difference(
        "the checks ask for readiness and liveness; start and end of a pod are not looked at",
        {
            "k8s-probes-drain": (
                "no pause before the end",
                "no probe of the start",
                "no time to drain",
                "replicas go before others come",
            )
        },
    ),
    Difference(
        "CKV2_K8S_5 judges a role of secrets with what binds it, and only the role is copied",
        {"k8s-rbac-min": ("secrets are listed",)},
    ),
    Difference("the check looks for a principal that is everybody", {"kms-key-policy": ("all of the key for one",)}),
    Difference(
        "the check is about keys, not about their replicas in other regions",
        {"kms-key-policy": ("key for everybody",)},
        frozenset({"aws:kms/replicaKey:ReplicaKey"}),
    ),
    Difference(
        "the check asks whether a key rotates, not how often, nor how it is deleted",
        {"kms-rotation-window": ("deletion window short", "lockout check off", "rotation too rare")},
    ),
    Difference("of paths of the host checkov knows Docker's socket alone", {"pod-no-host": ("path of the host",)}),
    Difference("a user id that is not root's is enough for the check", {"pod-nonroot": ("pods may be root",)}),
    Difference("the check reads the root, not what is mounted", {"pod-rofs": ("unbounded scratch",)}),
    Difference(
        "the check reads the pod's own switch, not the account's",
        {"pod-sa-token": ("account of everybody", "token by default")},
    ),
    Difference(
        "the checks ask for a configuration, and that it ends broken uploads; not that it ends old versions",
        {"s3-lifecycle": ("lifecycle off",)},
    ),
    Difference(
        "the checks look for the whole world at ports 22 and 80 and for a description, no more",
        {
            "sg-no-world": (
                "edge is tagged no more",
                "everything may leave",
                "half of the world admitted",
                "world admitted",
                "world of IPv6 admitted",
            )
        },
    ),
    Difference("a check judges what is there, and misses nothing", {"trail-guard": ("no trail",)}),
    Difference(
        "the checks ask for a firewall that logs, not for what it does",
        {"waf-on-edge": ("firewall does not count", "no rule of the firewall")},
    ),
)
