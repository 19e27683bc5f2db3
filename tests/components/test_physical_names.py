"""Every physical name of any valid environment keeps to its service's rules, and no two things claim one name."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.naming import NameRule
from serving.preview.plan import Plan
from tests.edits.plans import Documents, documents, plan

# Input that is the name, rule, and how far the name must be alone: in a region, in the account, or anywhere.
NAMED: dict[str, tuple[str, NameRule, str]] = {
    "aws:backup/plan:Plan": ("name", NameRule.BACKUP_PLAN, "region"),
    "aws:backup/vault:Vault": ("name", NameRule.BACKUP_VAULT, "region"),
    "aws:budgets/budget:Budget": ("name", NameRule.BUDGET, "account"),
    "aws:cloudwatch/logGroup:LogGroup": ("name", NameRule.LOG_GROUP, "region"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("name", NameRule.ALARM, "region"),
    "aws:dynamodb/table:Table": ("name", NameRule.DYNAMODB_TABLE, "region"),
    "aws:ecr/repository:Repository": ("name", NameRule.ECR_REPOSITORY, "region"),
    "aws:eks/cluster:Cluster": ("name", NameRule.EKS_CLUSTER, "region"),
    "aws:iam/policy:Policy": ("name", NameRule.IAM_POLICY, "account"),
    "aws:iam/role:Role": ("name", NameRule.IAM_ROLE, "account"),
    "aws:kms/alias:Alias": ("name", NameRule.KMS_ALIAS, "region"),
    "aws:lb/loadBalancer:LoadBalancer": ("name", NameRule.LOAD_BALANCER, "region"),
    "aws:lb/targetGroup:TargetGroup": ("name", NameRule.TARGET_GROUP, "region"),
    "aws:s3/bucket:Bucket": ("bucket", NameRule.S3_BUCKET, "world"),
    "aws:sns/topic:Topic": ("name", NameRule.SNS_TOPIC, "region"),
    "aws:sqs/queue:Queue": ("name", NameRule.SQS_QUEUE, "region"),
    "aws:wafv2/webAcl:WebAcl": ("name", NameRule.WEB_ACL, "region"),
}


def named(plan: Plan) -> Iterator[tuple[str, NameRule, tuple[str, ...]]]:
    """Name, rule, and what must be different for each."""
    for one in plan.resources:
        if one.type in NAMED:
            key, rule, scope = NAMED[one.type]
            name = str(one.inputs[key])
            place = (str(one.region),) if scope == "region" else ()
            yield name, rule, (one.type, name, *place)


def renamed(service: str, environment: str, tenant: str, group: str) -> Documents:
    """The base under other names; the second service has all but the last letter in common with the first."""
    edited = documents()
    twin = f"{service[:-1]}{'a' if service[-1] != 'a' else 'b'}"
    words = {"fraud-score": service, "embedding": twin}
    text = json.dumps([edited.environment, edited.blueprints])
    environment_document, blueprints = json.loads(text)
    environment_document["name"] = environment
    environment_document["services"] = {words[name]: value for name, value in environment_document["services"].items()}
    environment_document["tenants"][1]["name"] = tenant
    for region in environment_document["regions"][:2]:
        region["node_groups"][1]["name"] = group
    for name, new in words.items():
        blueprints[name] = copy.deepcopy(blueprints[name])
        blueprints[name]["identity"]["name"] = new
    blueprints["embedding"]["identity"]["tenant"] = tenant
    del blueprints["chat"]
    return Documents(environment_document, blueprints)


def names(longest: int) -> st.SearchStrategy[str]:
    """Names of the greatest length that a document allows."""
    return st.from_regex(rf"[a-z][a-z0-9-]{{{longest - 2}}}[a-z0-9]", fullmatch=True).filter(
        lambda name: "--" not in name
    )


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    service=names(30), environment=st.from_regex(r"[a-z][a-z0-9]{9}", fullmatch=True), tenant=names(30), group=names(20)
)
def test_names_of_any_length_keep_to_the_rules_and_apart(
    service: str, environment: str, tenant: str, group: str
) -> None:
    found = list(named(plan(renamed(service, environment, tenant, group))))
    assert len(found) > 50
    bad = [name for name, rule, _ in found if len(name) > rule.longest or not re.fullmatch(rule.pattern, name)]
    assert bad == []
    assert [claim for claim, count in Counter(claim for *_, claim in found).items() if count > 1] == []


def test_two_environments_of_one_account_claim_no_name_twice() -> None:
    claims = [
        {claim for *_, claim in named(plan(renamed("score", environment, "payments-a", "nodes")))}
        for environment in ("prod", "prod2")
    ]
    assert claims[0] & claims[1] == set()
