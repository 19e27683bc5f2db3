"""Physical names: what AWS and Kubernetes call the resources of a stack.

Owns the length limit and alphabet of every service that is named explicitly. Logical names (Pulumi's) are not
made here: they are fixed strings in the components and never change once released.
"""

import hashlib
import re
from enum import Enum


class NameRule(Enum):
    """What a service allows in a name: (longest name, regular expression).

    Sources: lengths, patterns and documentation in the service models of botocore 1.44.5, each at least as strict
    as there; for S3 its "General purpose bucket naming rules" and for node groups of EKS its user guide, "Creating
    a managed node group" (read 2026-11).
    """

    S3_BUCKET = (63, r"[a-z0-9][a-z0-9.-]+[a-z0-9]")
    IAM_ROLE = (64, r"[\w+=,.@-]+")
    IAM_POLICY = (128, r"[\w+=,.@-]+")
    EKS_CLUSTER = (100, r"[0-9A-Za-z][A-Za-z0-9_-]*")
    EKS_NODE_GROUP = (63, r"[0-9A-Za-z][A-Za-z0-9_-]*")
    PLACEMENT_GROUP = (255, r"[\x20-\x7e]+")
    LAUNCH_TEMPLATE = (128, r"[a-zA-Z0-9().\-/_]{3,}")
    LOAD_BALANCER = (32, r"(?!internal-)[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?")
    TARGET_GROUP = (32, r"[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?")
    ECR_REPOSITORY = (256, r"[a-z0-9]+([._/-][a-z0-9]+)*")
    ECR_CACHE_PREFIX = (30, r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
    DYNAMODB_TABLE = (255, r"[a-zA-Z0-9_.-]{3,}")
    # lower case letters, digits, underscores (pulumi-aws 7.51, glue.CatalogDatabase); botocore 1.44.5, glue, NameString
    GLUE = (255, r"[a-z0-9_]+")
    KMS_ALIAS = (256, r"alias/[a-zA-Z0-9/_-]+")
    LOG_GROUP = (512, r"[\w./#-]+")
    SNS_TOPIC = (256, r"[A-Za-z0-9_-]+")
    SQS_QUEUE = (80, r"[A-Za-z0-9_-]+")
    BACKUP_VAULT = (50, r"[a-zA-Z0-9_-]{2,}")
    BACKUP_PLAN = (50, r"[a-zA-Z0-9_.-]+")
    RESTORE_TESTING = (50, r"[a-zA-Z0-9_]+")
    TRAIL = (128, r"(?=.{3})[a-zA-Z0-9]+([._-][a-zA-Z0-9]+)*")  # botocore 1.44.5, cloudtrail, CreateTrail
    EVENT_RULE = (64, r"[a-zA-Z0-9_.-]+")
    RECORDER = (256, r"[^\x00]+")
    CLASSIFICATION_JOB = (500, r"[^\x00]+")
    ANALYZER = (255, r"[A-Za-z][A-Za-z0-9_.-]*")
    BUDGET = (100, r"[^:\\]+")
    WEB_ACL = (128, r"[\w-]+")
    ALARM = (255, r"[^\x00]+")
    AMP_ALIAS = (100, r"[^\x00]+")
    AMP_RULE_NAMESPACE = (128, r"[0-9A-Za-z][-._0-9A-Za-z]*")
    REGION_SWITCH_PLAN = (32, r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?")
    ACCELERATOR = (64, r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?")
    SIGNING_PROFILE = (64, r"[a-zA-Z0-9_]{2,}")
    SECURITY_GROUP = (255, r"(?!sg-)[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+")
    KUBERNETES = (63, r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")

    @property
    def longest(self) -> int:
        """Longest allowed name, characters."""
        return self.value[0]

    @property
    def pattern(self) -> str:
        """Regular expression that a whole name matches."""
        return self.value[1]


_DIGEST_LENGTH = 8  # 32 bits: with a thousand truncated names a collision has a chance of about 1 in 10,000


def physical_name(rule: NameRule, *parts: str, separator: str = "-") -> str:
    """Join parts into a name that the service allows.

    A name that would be too long keeps its head and ends in a digest of the whole, so that two long names
    that differ only at the end stay different, and the same parts always give the same name.

    Raises:
        ValueError: a character that the service does not allow; parts come from validated documents, so this
            is a mistake of ours.
    """
    name = separator.join(part for part in parts if part)
    if len(name) > rule.longest:
        digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_LENGTH]
        head = name[: rule.longest - _DIGEST_LENGTH - len(separator)].rstrip("-._/")
        name = f"{head}{separator}{digest}"
    if not re.fullmatch(rule.pattern, name):
        raise ValueError(f"'{name}' is not a valid name for {rule.name}")
    return name
