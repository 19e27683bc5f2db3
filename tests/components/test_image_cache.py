"""Caches of public registries: filled by ECR alone, apart from what the services run."""

from __future__ import annotations

import functools
import json

import pytest

from components.cluster import Cluster
from components.image_cache import CACHED_DAYS, ImageCache, cache_lifecycle, cache_prefix
from components.naming import NameRule
from serving.blueprint.environment.registry import UPSTREAMS, Upstream
from serving.blueprint.errors import InputError
from tests.components.recorder import Recorded, Recorder
from tests.components.recorder import record as record_program
from tests.components.samples import ACCOUNT, ADMIN, HOME, KEY_ARNS, SECOND, cluster_args, image_cache_args

CACHE_ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/pullthroughcache.ecr.amazonaws.com/"
    "AWSServiceRoleForECRPullThroughCache"
)
SECRET = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT}:secret:ecr-pullthroughcache/github-AbCdEf"


def made(record: Recorder, **changes: object) -> Recorded:
    return record(lambda: ImageCache("cache", image_cache_args(**changes)))


@functools.cache
def sample() -> Recorded:
    return made(record_program)


def test_every_region_that_pulls_caches_every_upstream() -> None:
    rules = {(rule["region"], rule["upstreamRegistryUrl"]) for rule in sample().of_type("PullThroughCacheRule")}
    assert rules == {(region, host) for region in (HOME, SECOND) for host in ("public.ecr.aws", "registry.k8s.io")}


def test_no_rule_comes_before_the_template_of_its_repositories() -> None:
    templates = {template["region"]: template for template in sample().of_type("RepositoryCreationTemplate")}
    for rule in sample().of_type("PullThroughCacheRule"):
        assert templates[rule["region"]].urn in rule.dependencies
        assert rule["ecrRepositoryPrefix"].startswith(f"{templates[rule['region']]['prefix']}/")


def test_cached_repositories_are_immutable_and_encrypted_with_the_key_of_their_region() -> None:
    for template in sample().of_type("RepositoryCreationTemplate"):
        assert template["appliedFors"] == ["PULL_THROUGH_CACHE"]
        assert template["imageTagMutability"] == "IMMUTABLE"
        (encryption,) = template["encryptionConfigurations"]
        assert encryption == {"encryptionType": "KMS", "kmsKey": KEY_ARNS[template["region"]]}


def test_nobody_but_ecr_writes_into_a_cache() -> None:
    for template in sample().of_type("RepositoryCreationTemplate"):
        rules = {rule["Sid"]: rule for rule in json.loads(template["repositoryPolicy"])["Statement"]}
        assert rules["OnlyTheCachePushes"]["Condition"] == {
            "Bool": {"aws:PrincipalIsAWSService": "false"},
            # ECR pushes in this role, which is no service principal
            "ArnNotEquals": {"aws:PrincipalArn": CACHE_ROLE},
        }
        assert rules["OnlyAdministratorsDelete"]["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": ADMIN}}


def test_cached_images_go_and_can_be_fetched_again() -> None:
    (rule,) = json.loads(cache_lifecycle())["rules"]
    assert (rule["selection"]["countType"], rule["selection"]["countNumber"]) == ("sinceImagePushed", CACHED_DAYS)


def test_caches_stand_beside_the_environments_images_so_that_none_is_replicated_or_signed() -> None:
    assert not cache_prefix("test", Upstream.KUBERNETES).startswith("test/")


@pytest.mark.parametrize("upstream", list(Upstream))
def test_the_longest_environment_still_fits_the_prefix_of_a_rule(upstream: Upstream) -> None:
    assert cache_prefix("production", upstream) == f"production-cache/{upstream.value}"
    assert len(cache_prefix("production", upstream)) <= NameRule.ECR_CACHE_PREFIX.longest


def test_credentials_are_those_of_the_region(record: Recorder) -> None:
    upstream = {"upstream": "github", "credential_arns": {HOME: SECRET}}
    rules = made(record, upstreams=[upstream], regions=[HOME]).of_type("PullThroughCacheRule")
    assert [(rule["credentialArn"], rule["upstreamRegistryUrl"]) for rule in rules] == [(SECRET, "ghcr.io")]


def test_a_secret_that_ecr_may_not_read_is_refused(record: Recorder) -> None:
    upstream = {"upstream": "github", "credential_arns": {HOME: SECRET.replace("ecr-pullthroughcache/", "")}}
    with pytest.raises(InputError, match="credential_arns"):
        made(record, upstreams=[upstream], regions=[HOME])


def test_every_upstream_has_a_host() -> None:
    assert set(UPSTREAMS) == set(Upstream)


def test_nodes_fill_the_caches_of_their_own_region_and_nothing_else(record: Recorder) -> None:
    policy = record(lambda: Cluster("cluster", cluster_args(image_cache=True))).named("cluster-node-role-policy")
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert statement["Resource"] == f"arn:aws:ecr:{HOME}:{ACCOUNT}:repository/test-cache/*"


def test_without_caches_nodes_create_no_repository(record: Recorder) -> None:
    recorded = record(lambda: Cluster("cluster", cluster_args()))
    assert "cluster-node-role-policy" not in {resource.name for resource in recorded}
