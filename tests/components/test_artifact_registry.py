"""The registry: immutable, encrypted, copied, and never without a deployed image."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from components.artifact_registry import CANDIDATE_PREFIX, RELEASE_PREFIX, ArtifactRegistry, lifecycle_policy
from serving.blueprint.errors import InputError, InternalError
from tests.components.recorder import Recorded, Recorder
from tests.components.recorder import record as record_program
from tests.components.samples import ACCOUNT, ADMIN, HOME, KEY_ARNS, PUBLISHER, RECOVERY, REGIONS, SECOND, registry_args
from tests.documents import SERVICES, blueprint

DIGEST = f"sha256:{'a' * 64}"


def made(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: ArtifactRegistry("images", registry_args(**changes)))


@functools.cache
def sample() -> Recorded:
    return made(record_program)


def denials(document: str) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in json.loads(document)["Statement"]}


def test_tags_cannot_be_moved_here_or_in_any_copy() -> None:
    for holder in sample().of_type("Repository") + sample().of_type("RepositoryCreationTemplate"):
        assert holder["imageTagMutability"] == "IMMUTABLE"


def test_images_are_encrypted_with_the_key_of_the_region_that_holds_them() -> None:
    for holder in sample().of_type("Repository") + sample().of_type("RepositoryCreationTemplate"):
        (encryption,) = holder["encryptionConfigurations"]
        assert encryption == {"encryptionType": "KMS", "kmsKey": KEY_ARNS[holder["region"]]}


def test_copies_go_to_every_other_region_and_find_their_settings_there() -> None:
    replication = sample().one("ReplicationConfiguration")
    (rule,) = replication["replicationConfiguration"]["rules"]
    assert {destination["region"] for destination in rule["destinations"]} == {SECOND, RECOVERY}
    templates = sample().of_type("RepositoryCreationTemplate")
    assert {template["region"] for template in templates} == {SECOND, RECOVERY}
    assert {template.urn for template in templates} <= replication.dependencies


def test_the_copies_are_those_of_this_environment_only() -> None:
    (rule,) = sample().one("ReplicationConfiguration")["replicationConfiguration"]["rules"]
    (prefix,) = rule["repositoryFilters"]
    assert all(repository["name"].startswith(prefix["filter"]) for repository in sample().of_type("Repository"))


def test_nothing_is_pushed_before_it_would_be_copied() -> None:
    replication = sample().one("ReplicationConfiguration")
    assert all(replication.urn in repository.dependencies for repository in sample().of_type("Repository"))


def test_images_are_scanned_in_every_region_again_and_again() -> None:
    configurations = sample().of_type("RegistryScanningConfiguration")
    assert {configuration["region"] for configuration in configurations} == set(REGIONS)
    for configuration in configurations:
        assert configuration["scanType"] == "ENHANCED"
        assert [rule["scanFrequency"] for rule in configuration["rules"]] == ["CONTINUOUS_SCAN"]


def test_only_publishers_push_and_only_administrators_delete() -> None:
    for holder in sample().of_type("RepositoryPolicy"):
        rules = denials(holder["policy"])
        assert rules["OnlyPublishersPush"]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"] == PUBLISHER
        assert rules["OnlyAdministratorsDelete"]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"] == ADMIN


def test_without_administrators_nobody_deletes_images(record: Recorder) -> None:
    policy = made(record, admin_role_arns=[]).of_type("RepositoryPolicy")[0]["policy"]
    assert "Condition" not in denials(policy)["OnlyAdministratorsDelete"]


def test_copies_are_as_well_guarded_as_originals() -> None:
    original = sample().of_type("RepositoryPolicy")[0]["policy"]
    assert {t["repositoryPolicy"] for t in sample().of_type("RepositoryCreationTemplate")} == {original}


def expires(tags: set[str], age_days: int) -> bool:
    """What ECR does with an image: the first rule that claims it decides."""
    for rule in sorted(json.loads(lifecycle_policy())["rules"], key=lambda rule: int(rule["rulePriority"])):
        selection = rule["selection"]
        if any(tag.startswith(prefix) for tag in tags for prefix in selection["tagPrefixList"]):
            return bool(selection["countType"] == "sinceImagePushed" and age_days > selection["countNumber"])
    return False


def test_a_promoted_image_never_expires_whatever_other_tags_it_has() -> None:
    assert not expires({f"{RELEASE_PREFIX}1.2.3"}, age_days=10_000)
    assert not expires({f"{CANDIDATE_PREFIX}abc", f"{RELEASE_PREFIX}1.2.3"}, age_days=10_000)


def test_an_image_without_a_tag_never_expires() -> None:
    """It may be one of the platforms of a promoted index, or deployed by digest."""
    assert not expires(set(), age_days=10_000)


def test_a_candidate_that_nobody_promoted_expires() -> None:
    assert expires({f"{CANDIDATE_PREFIX}abc"}, age_days=31)
    assert not expires({f"{CANDIDATE_PREFIX}abc"}, age_days=30)


def test_every_repository_has_the_lifecycle_in_every_region() -> None:
    assert len(sample().of_type("LifecyclePolicy")) == len(sample().of_type("Repository"))
    assert {p["policy"] for p in sample().of_type("LifecyclePolicy")} == {lifecycle_policy()}
    assert {t["lifecyclePolicy"] for t in sample().of_type("RepositoryCreationTemplate")} == {lifecycle_policy()}


def test_a_second_stack_of_an_account_leaves_the_accounts_settings_alone(record: Recorder) -> None:
    recorded = made(record, manage_registry=False)
    assert recorded.of_type("ReplicationConfiguration") == recorded.of_type("RegistryScanningConfiguration") == []


def test_one_region_needs_no_copies(record: Recorder) -> None:
    recorded = made(record, replica_regions=[])
    assert recorded.of_type("ReplicationConfiguration") == recorded.of_type("RepositoryCreationTemplate") == []


def test_images_are_named_by_digest_in_the_registry_of_the_region(record: Recorder) -> None:
    found: list[str] = []

    def program() -> None:
        registry = ArtifactRegistry("images", registry_args())
        found.extend(registry.image("engines/vllm", DIGEST, region) for region in (HOME, RECOVERY))

    record(program)
    assert found == [
        f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/test/engines/vllm@{DIGEST}" for region in (HOME, RECOVERY)
    ]


@pytest.mark.parametrize(("repository", "region"), [("nope", HOME), ("fetch", "us-east-1")])
def test_an_image_that_cannot_be_there_is_our_mistake(record: Recorder, repository: str, region: str) -> None:
    with pytest.raises(InternalError, match=r"there (is|are) no"):
        record(lambda: ArtifactRegistry("images", registry_args()).image(repository, DIGEST, region))


def test_what_is_pushed_is_signed_where_it_is_pushed() -> None:
    profile, signing = sample().one("SigningProfile"), sample().one("aws:cloudcontrol/resource:Resource")
    assert profile["platformId"] == "Notation-OCI-SHA384-ECDSA"
    assert signing["typeName"] == "AWS::ECR::SigningConfiguration"
    (rule,) = json.loads(signing["desiredState"])["Rules"]
    assert rule["SigningProfileArn"] == f"arn:aws:signer:{HOME}:{ACCOUNT}:/signing-profiles/{profile['name']}"
    assert profile.urn in signing.dependencies
    assert {profile["region"], signing["region"]} == {HOME}


def test_every_repository_is_signed() -> None:
    (rule,) = json.loads(sample().one("aws:cloudcontrol/resource:Resource")["desiredState"])["Rules"]
    (filtered,) = rule["RepositoryFilters"]
    prefix = filtered["Filter"].removesuffix("*")
    assert all(repository["name"].startswith(prefix) for repository in sample().of_type("Repository"))


def test_nothing_is_pushed_before_it_would_be_signed() -> None:
    signing = sample().one("aws:cloudcontrol/resource:Resource")
    assert all(signing.urn in repository.dependencies for repository in sample().of_type("Repository"))


def test_the_profile_stays_when_it_leaves_the_program() -> None:
    """Without it no signature could be checked, and its name can never be used again."""
    profile = sample().one("SigningProfile")
    assert (profile.protect, profile.retain_on_delete) == (True, True)


def test_a_registry_can_do_without_signatures_of_its_own(record: Recorder) -> None:
    recorded = made(record, signing=False)
    assert recorded.of_type("SigningProfile") == recorded.of_type("aws:cloudcontrol/resource:Resource") == []


def test_of_an_existing_registry_nothing_is_made_and_images_are_named(record: Recorder) -> None:
    found: list[str] = []

    def program() -> None:
        args = registry_args(existing_account_id="210987654321", existing_prefix="shared")
        found.append(ArtifactRegistry("images", args).image("fetch", DIGEST, SECOND))

    assert record(program).managed() == []
    assert found == [f"210987654321.dkr.ecr.{SECOND}.amazonaws.com/shared/fetch@{DIGEST}"]


def test_an_existing_registry_needs_account_and_prefix(record: Recorder) -> None:
    with pytest.raises(InputError, match="need each other"):
        made(record, existing_account_id="210987654321")


@pytest.mark.parametrize("service", SERVICES)
def test_no_digest_that_is_deployed_can_expire_once_it_was_promoted(service: str) -> None:
    """Digests are deployed by promotion: the tag that it adds holds the image, whatever the candidate's age."""
    digest = blueprint(service).model.engine.image_digest
    candidate, promoted = {f"{CANDIDATE_PREFIX}{digest[7:19]}"}, {f"{RELEASE_PREFIX}{digest[7:19]}"}
    assert expires(candidate, age_days=10_000)
    assert not expires(candidate | promoted, age_days=10_000)
