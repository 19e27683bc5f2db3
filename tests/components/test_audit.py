"""Who watches the account: the trail, and which part is made in which region."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.audit import Audit
from components.audit_trail import AuditTrail, trail_arn
from components.configuration_recorder import ConfigurationRecorder, retention_days
from components.keys import EncryptionKeys
from components.personal_data_discovery import GRANT_OPERATIONS, PersonalDataDiscovery, service_role_arn
from components.security_posture import SecurityPosture
from components.threat_detection import FEATURES, ThreatDetection
from serving.blueprint.errors import InputError
from tests.components.recorder import Recorded, Recorder, Resource
from tests.components.samples import (
    ACCOUNT,
    HOME,
    RECOVERY,
    REGIONS,
    SECOND,
    audit_args,
    key_arn,
    keys_args,
    personal_data_args,
    posture_args,
    recorder_args,
    threats_args,
    topic_arn,
    trail_args,
)

TRAIL = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/test-trail"
PARTS = {
    "trail": {"Trail"},
    "guardduty": {"Detector", "DetectorFeature"},
    "config": {"Recorder", "RecorderStatus", "DeliveryChannel", "RetentionConfiguration"},
    "security_hub": {"StandardsSubscription", "FindingAggregator"},
    "macie": {"ClassificationJob", "Grant"},
}
"""Service -> types that are made of it and of nothing else."""


def audit(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: Audit("audit", audit_args(**changes)))


def statements(policy: Resource) -> dict[str, dict[str, Any]]:
    return {one["Sid"]: one for one in json.loads(policy["policy"])["Statement"]}


def pattern(made: Recorded, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made.one("EventRule", name)["eventPattern"])
    return found


def regions_of(made: Recorded, *types: str) -> set[str]:
    return {one["region"] for one in made if one.custom and one.type.rsplit(":", 1)[-1] in types}


def test_the_trail_hears_all_regions_and_can_be_verified(record: Recorder) -> None:
    trail = record(lambda: AuditTrail("trail", trail_args())).one("Trail")
    assert trail["isMultiRegionTrail"] is True
    assert trail["includeGlobalServiceEvents"] is True
    assert trail["enableLogFileValidation"] is True
    assert trail["enableLogging"] is True
    assert trail["kmsKeyId"] == key_arn(HOME)


def test_every_management_call_and_every_access_to_the_given_buckets_is_recorded(record: Recorder) -> None:
    trail = record(lambda: AuditTrail("trail", trail_args(data_buckets=["models", "features"]))).one("Trail")
    management, data = (
        {one["field"]: one for one in selector["fieldSelectors"]} for selector in trail["advancedEventSelectors"]
    )
    assert management == {"eventCategory": {"field": "eventCategory", "equals": ["Management"]}}
    assert data["resources.type"]["equals"] == ["AWS::S3::Object"]
    # the slash: without it every bucket whose name begins so would be recorded too
    assert data["resources.ARN"]["startsWiths"] == ["arn:aws:s3:::models/", "arn:aws:s3:::features/"]


def test_without_buckets_the_trail_has_no_empty_selector(record: Recorder) -> None:
    trail = record(lambda: AuditTrail("trail", trail_args(data_buckets=[]))).one("Trail")
    assert len(trail["advancedEventSelectors"]) == 1


def test_insights_are_a_choice(record: Recorder) -> None:
    without, given = (
        record(lambda on=on: AuditTrail("trail", trail_args(insights=on))).one("Trail")  # type: ignore[misc]
        for on in (False, True)
    )
    assert without.get("insightSelectors") is None
    assert len(given["insightSelectors"]) == 2


def test_records_are_locked_for_as_long_as_they_are_kept(record: Recorder) -> None:
    made = record(lambda: AuditTrail("trail", trail_args(lock_mode="COMPLIANCE", retention_days=500)))
    lock = made.one("BucketObjectLockConfiguration")["rule"]["defaultRetention"]
    assert lock == {"mode": "COMPLIANCE", "days": 500}
    expire = made.one("BucketLifecycleConfiguration")["rules"][0]
    assert expire["expiration"]["days"] == 500


def test_only_this_trail_writes_to_its_bucket_and_waits_until_it_may(record: Recorder) -> None:
    made = record(lambda: AuditTrail("trail", trail_args()))
    policy = made.one("BucketPolicy")
    writing = statements(policy)["DeliverCloudtrail"]
    assert writing["Action"] == "s3:PutObject"
    assert writing["Resource"].endswith(f"-trail/AWSLogs/{ACCOUNT}/*")
    assert writing["Condition"]["ArnLike"]["aws:SourceArn"] == TRAIL
    assert writing["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
    assert policy.urn in made.one("Trail").dependencies


def test_the_trail_has_the_name_by_which_policies_call_it(record: Recorder) -> None:
    assert trail_arn("test", ACCOUNT, HOME) == TRAIL
    assert TRAIL.endswith(f"/{record(lambda: AuditTrail('trail', trail_args())).one('Trail')['name']}")


def test_the_home_regions_key_of_internal_data_and_no_other_takes_records_of_the_audit(record: Recorder) -> None:
    made = record(lambda: EncryptionKeys("keys", keys_args(trail_arn=TRAIL, config_history=True)))
    for key in made.of_type("Key") + made.of_type("ReplicaKey"):
        ours = {"EncryptTrail", "EncryptConfigurationHistory"} & set(statements(key))
        assert ours == ({"EncryptTrail", "EncryptConfigurationHistory"} if key.name == "keys-internal" else set())
    found = statements(made.named("keys-internal"))
    assert found["EncryptTrail"]["Condition"] == {"StringEquals": {"aws:SourceArn": TRAIL}}
    assert found["EncryptConfigurationHistory"]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_the_bucket_of_the_configuration_history_has_no_object_lock(record: Recorder) -> None:
    """AWS Config delivers to no bucket that has it."""
    made = audit(record, trail="provided")
    assert made.one("Bucket").get("objectLockEnabled") is False
    assert made.of_type("BucketObjectLockConfiguration") == []
    assert "DeliverConfig" in statements(made.one("BucketPolicy"))


def test_a_recorder_starts_when_it_can_deliver(record: Recorder) -> None:
    made = record(lambda: ConfigurationRecorder("config", recorder_args()))
    recorder, channel, status = made.one("Recorder"), made.one("DeliveryChannel"), made.one("RecorderStatus")
    assert recorder.urn in channel.dependencies
    assert channel.urn in status.dependencies
    assert status["isEnabled"] is True
    assert recorder["recordingGroup"]["allSupported"] is True
    assert recorder["roleArn"].endswith("/AWSServiceRoleForConfig")


def test_global_types_are_recorded_in_the_home_region_only(record: Recorder) -> None:
    recorders = audit(record).of_type("Recorder")
    found = {one["region"]: one["recordingGroup"]["includeGlobalResourceTypes"] for one in recorders}
    assert found == {HOME: True, SECOND: False, RECOVERY: False}


@pytest.mark.parametrize(("asked", "kept"), [(1, 30), (400, 400), (3_653, 2_557)])
def test_the_history_is_kept_as_long_as_aws_config_can(asked: int, kept: int) -> None:
    assert retention_days(asked) == kept


def test_guardduty_has_every_plan_and_puts_its_agent_on_the_clusters(record: Recorder) -> None:
    made = record(lambda: ThreatDetection("threats", threats_args()))
    features = {one["name"]: one for one in made.of_type("DetectorFeature")}
    assert set(features) == set(FEATURES)
    assert {one["status"] for one in features.values()} == {"ENABLED"}
    agents = {one["name"]: one["status"] for one in features["RUNTIME_MONITORING"]["additionalConfigurations"]}
    assert agents["EKS_ADDON_MANAGEMENT"] == "ENABLED"


def test_grave_findings_reach_the_topic_of_the_region(record: Recorder) -> None:
    made = record(lambda: ThreatDetection("threats", threats_args()))
    assert pattern(made, "threats-alert")["detail"] == {"severity": [{"numeric": [">=", 7]}]}
    assert made.one("EventTarget")["arn"] == topic_arn(HOME)


def test_without_a_topic_nobody_is_told(record: Recorder) -> None:
    args = threats_args()
    del args["topic_arn"]
    assert record(lambda: ThreatDetection("threats", args)).of_type("EventRule") == []


def test_every_word_of_a_message_is_taken_from_the_event(record: Recorder) -> None:
    made = audit(record)
    for target in made.of_type("EventTarget"):
        transformer = target["inputTransformer"]
        words = set(re.findall(r"<(\w+)>", transformer["inputTemplate"]))
        assert words <= set(transformer["inputPaths"])
        assert words


def test_standards_are_named_with_the_arn_of_their_region(record: Recorder) -> None:
    made = record(lambda: SecurityPosture("posture", posture_args(region=SECOND)))
    assert made.one("StandardsSubscription")["standardsArn"] == (
        f"arn:aws:securityhub:{SECOND}::standards/aws-foundational-security-best-practices/v/1.0.0"
    )
    assert made.one("aws:securityhub/account:Account")["enableDefaultStandards"] is False


def test_a_standard_that_security_hub_does_not_have_is_refused(record: Recorder) -> None:
    with pytest.raises(InputError, match="standards"):
        record(lambda: SecurityPosture("posture", posture_args(standards=["hipaa"])))


def test_a_finding_of_guardduty_is_told_once(record: Recorder) -> None:
    """By GuardDuty where it has a topic, by Security Hub of the home region for the others."""
    made = audit(record)
    told = {one["region"] for one in made.of_type("EventRule") if one.name.startswith("audit-threats")}
    assert told == {HOME, SECOND}
    (collected,) = [one for one in made.of_type("EventRule") if one.name.startswith("audit-posture")]
    assert collected["region"] == HOME
    other_product, other_region = json.loads(collected["eventPattern"])["detail"]["findings"]["$or"]
    assert other_product == {"ProductName": [{"anything-but": ["GuardDuty"]}]}
    assert other_region == {"Region": [{"anything-but": [HOME, SECOND]}]}


def test_where_guardduty_is_provided_security_hub_tells_of_all_its_findings(record: Recorder) -> None:
    (rule,) = audit(record, guardduty="provided").of_type("EventRule")
    assert "$or" not in json.loads(rule["eventPattern"])["detail"]["findings"]


def test_the_home_region_collects_the_findings_of_the_others(record: Recorder) -> None:
    collection = audit(record).one("FindingAggregator")
    assert collection["region"] == HOME
    assert set(collection["specifiedRegions"]) == {SECOND, RECOVERY}


def test_one_region_collects_nothing(record: Recorder) -> None:
    assert audit(record, regions=[HOME]).of_type("FindingAggregator") == []


def test_standards_wait_for_the_recorder_that_their_controls_read(record: Recorder) -> None:
    made = audit(record)
    standards = made.of_type("StandardsSubscription")
    assert len(standards) == len(REGIONS)
    for standard in standards:
        (status,) = made.source_of(standard, "standardsArn")
        assert (status.type.rsplit(":", 1)[-1], status["region"]) == ("RecorderStatus", standard["region"])


def test_macie_reads_the_declared_buckets_by_a_grant_that_waits_for_its_role(record: Recorder) -> None:
    made = record(lambda: PersonalDataDiscovery("discovery", personal_data_args()))
    session, grant, job = made.one("aws:macie2/account:Account"), made.one("Grant"), made.one("ClassificationJob")
    assert session.urn in grant.dependencies
    assert grant["granteePrincipal"] == service_role_arn(ACCOUNT, HOME)
    assert grant.urn in job.dependencies
    assert job["s3JobDefinition"]["bucketDefinitions"] == [{"accountId": ACCOUNT, "buckets": ["test-features"]}]


def test_the_key_lets_macie_be_granted_what_it_asks_for_and_nothing_else(record: Recorder) -> None:
    role = service_role_arn(ACCOUNT, HOME)
    grantees = [{"role_arn": role, "operations": list(GRANT_OPERATIONS), "data_classes": ["restricted"]}]
    made = record(lambda: EncryptionKeys("keys", keys_args(grantees=grantees)))
    condition = statements(made.named("keys-restricted"))["GrantToRole0"]["Condition"]
    assert condition["StringEquals"]["kms:GranteePrincipal"] == role
    assert condition["ForAllValues:StringEquals"]["kms:GrantOperations"] == list(GRANT_OPERATIONS)
    assert "GrantToRole0" not in statements(made.named("keys-internal"))


def test_without_declared_buckets_macie_watches_and_searches_nothing(record: Recorder) -> None:
    made = record(lambda: PersonalDataDiscovery("discovery", personal_data_args(buckets=[], key_arns={})))
    assert [one.type for one in made.managed()] == ["aws:macie2/account:Account"]


def test_where_nobody_processes_personal_data_there_is_no_macie(record: Recorder) -> None:
    made = audit(record, personal_data_buckets={}, personal_data_keys={})
    assert [one for one in made if one.type.startswith("aws:macie2/")] == []


@pytest.mark.parametrize("part", sorted(PARTS))
def test_what_the_organisation_provides_is_not_made(record: Recorder, part: str) -> None:
    made = audit(record, **{part: "provided"})
    types = {one.type.rsplit(":", 1)[-1] for one in made}
    assert not PARTS[part] & types
    for other, theirs in PARTS.items():
        assert other == part or theirs <= types


def test_where_all_is_provided_nothing_is_made(record: Recorder) -> None:
    assert audit(record, **dict.fromkeys(PARTS, "provided")).managed() == []


def test_every_region_is_watched_and_a_further_one_costs_the_same(record: Recorder) -> None:
    assert regions_of(audit(record), "Detector", "Recorder", "StandardsSubscription", "ClassificationJob") == set(
        REGIONS
    )
    counts = [len(audit(record, regions=list(REGIONS[:number])).managed()) for number in (2, 3)]
    smaller, larger = counts
    # the recovery region has no topic, and with it no rule and no target; the buckets of personal data are the same
    assert larger - smaller == smaller - len(audit(record, regions=[HOME]).managed()) - 2 - 1


def test_a_part_is_either_managed_or_provided(record: Recorder) -> None:
    with pytest.raises(InputError, match="guardduty"):
        audit(record, guardduty="yes")


def test_the_service_linked_role_of_the_recorder_is_there_first_and_stays(record: Recorder) -> None:
    made = audit(record, create_config_role=True)
    role = made.one("ServiceLinkedRole")
    assert (role.protect, role.retain_on_delete) == (True, True)
    assert all(made.source_of(one, "roleArn") == [role] for one in made.of_type("Recorder"))
