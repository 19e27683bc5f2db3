"""Whether physical names and tags have the lengths and characters that services take.

Only what the service models of botocore leave open: models state the limits of most names, and `service_models` reads
them there. The rules are those of the services' guides, read 2026-11.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from serving.preview.plan import Plan, PlanResource
from tests.outside.provider_rules.problem import Problem, of_aws, problem, short

# (type, input) -> pattern of the whole name
_PATTERNS: Mapping[tuple[str, str], str] = {
    # "Bucket naming rules": 3 to 63, lower case, no two dots together, no reserved prefix or suffix
    (
        "s3.Bucket",
        "bucket",
    ): r"(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)",
    # CreateLoadBalancer, CreateTargetGroup: 32 characters, no hyphen at the ends, not `internal-`
    ("lb.LoadBalancer", "name"): r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?",
    ("lb.TargetGroup", "name"): r"[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?",
    ("ec2.SecurityGroup", "name"): r"(?!sg-)[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}",
    ("ec2.LaunchTemplate", "name"): r"[A-Za-z0-9().\-/_]{3,128}",
    # CreateTopic, CreateQueue
    ("sns.Topic", "name"): r"[A-Za-z0-9_-]{1,256}(\.fifo)?",
    ("sqs.Queue", "name"): r"[A-Za-z0-9_-]{1,80}(?<!\.fifo)|[A-Za-z0-9_-]{1,75}\.fifo",
    ("kms.Alias", "name"): r"alias/(?!aws/)[A-Za-z0-9/_-]{1,250}",
    # "the name has to begin with aws-waf-logs-" (AWS WAF, logging destinations) is a rule of policies; length here
    ("cloudwatch.LogGroup", "name"): r"(?!aws/)[A-Za-z0-9._\-/#]{1,512}",
    ("cloudwatch.Dashboard", "dashboardName"): r"[A-Za-z0-9_-]{1,255}",
    ("budgets.Budget", "name"): r"[^:\\/]{1,100}",
    ("eks.Cluster", "name"): r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}",
    ("eks.NodeGroup", "nodeGroupName"): r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}",
    ("cloudtrail.Trail", "name"): r"(?!.*[._-]{2})[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]",
}
# Names that must differ within a region (or the world): type -> input
_UNIQUE: Mapping[str, str] = {
    "s3.Bucket": "bucket",
    "iam.Role": "name",
    "lb.LoadBalancer": "name",
    "lb.TargetGroup": "name",
    "ecr.Repository": "name",
    "eks.Cluster": "name",
    "cloudwatch.LogGroup": "name",
    "cloudwatch.MetricAlarm": "name",
    "kms.Alias": "name",
    "sns.Topic": "name",
    "sqs.Queue": "name",
    "backup.LogicallyAirGappedVault": "name",
    "backup.Vault": "name",
    "backup.Plan": "name",
    "budgets.Budget": "name",
    "dynamodb.Table": "name",
    "wafv2.WebAcl": "name",
    "ec2.LaunchTemplate": "name",
}
# "Tag naming limits and requirements" of the Tag Editor guide: 50 tags, keys of 128 and values of 256 characters.
_MOST_TAGS = 50
_TAG_KEY = r"(?!aws:)[\w\s.:/=+\-@]{1,128}"
_TAG_VALUE = r"[\w\s.:/=+\-@]{0,256}"


def refused(plan: Plan) -> Iterator[Problem]:
    """Names and tags that a service would refuse."""
    taken: dict[tuple[str, str, str], str] = defaultdict(str)
    for resource in of_aws(plan):
        yield from _misnamed(resource)
        yield from _mistagged(resource)
        key = _UNIQUE.get(short(resource.type))
        name = resource.inputs.get(key) if key else None
        if isinstance(name, str):
            place = (short(resource.type), resource.region or "", name)
            if taken[place]:
                yield problem(resource, str(key), f"{name!r} is the name of {taken[place]} as well")
            taken[place] = resource.name


def _misnamed(resource: PlanResource) -> Iterator[Problem]:
    for (type_, key), pattern in _PATTERNS.items():
        name = resource.inputs.get(key)
        if short(resource.type) == type_ and isinstance(name, str) and not re.fullmatch(pattern, name):
            yield problem(resource, key, f"{name!r} does not match {pattern}")


def _mistagged(resource: PlanResource) -> Iterator[Problem]:
    tags = resource.inputs.get("tags")
    if not isinstance(tags, Mapping):
        return
    if len(tags) > _MOST_TAGS:
        yield problem(resource, "tags", f"{len(tags)} tags; at most {_MOST_TAGS} are taken")
    for key, value in tags.items():
        if not re.fullmatch(_TAG_KEY, key):
            yield problem(resource, f"tags.{key}", f"the key does not match {_TAG_KEY}")
        if isinstance(value, str) and not re.fullmatch(_TAG_VALUE, value):
            yield problem(resource, f"tags.{key}", f"{value!r} does not match {_TAG_VALUE}")
