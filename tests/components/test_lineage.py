"""Ownership and lineage: what every resource says of itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.lineage import (
    ANNOTATION_KEYS,
    annotations,
    labels,
    personal_data_tags,
    platform_tags,
    service_tags,
    tenant_tags,
)
from serving.blueprint.tags import LABEL_PREFIX, LINEAGE_KEYS, OWNERSHIP_KEYS, PLATFORM_SERVICE, TagKey
from serving.blueprint.vocabulary import DataClass
from tests.documents import SERVICES, blueprint, environment

# Kubernetes documentation, "Labels and Selectors", syntax and character set
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
# AWS documentation, "Tag naming limits and requirements"
TAG_VALUE = re.compile(r"[\w\s_.:/=+\-@]{0,256}")


@pytest.mark.parametrize("service", SERVICES)
def test_what_belongs_to_a_service_says_whose_it_is_and_where_its_model_comes_from(service: str) -> None:
    tags = service_tags(environment("prod"), blueprint(service))
    assert set(tags) == {*OWNERSHIP_KEYS, *LINEAGE_KEYS}
    assert all(tags.values())


def test_what_all_services_share_is_the_platforms_and_of_the_highest_tier() -> None:
    tags = platform_tags(environment("prod"))
    assert set(tags) == set(OWNERSHIP_KEYS)
    assert (tags[TagKey.SERVICE], tags[TagKey.TIER]) == (PLATFORM_SERVICE, "0")


def test_the_data_class_of_shared_parts_can_be_raised() -> None:
    assert platform_tags(environment("prod"), DataClass.RESTRICTED)[TagKey.DATA_CLASS] == "restricted"


@pytest.mark.parametrize("service", SERVICES)
def test_the_tenant_pays_for_what_is_its_own(service: str) -> None:
    prod, one = environment("prod"), blueprint(service)
    tenant = prod.tenant(one.identity.tenant)
    for tags in (tenant_tags(prod, tenant.name), service_tags(prod, one)):
        assert (tags[TagKey.TENANT], tags[TagKey.COST_CENTER]) == (tenant.name, tenant.cost_center)


@pytest.mark.parametrize("service", SERVICES)
def test_only_what_is_declared_to_hold_personal_data_is_tagged_so(service: str) -> None:
    one = blueprint(service)
    tagged = personal_data_tags(one) == {TagKey.PERSONAL_DATA: "true"}
    assert tagged == one.governance.personal_data.processed


def test_a_fallback_model_tells_its_own_lineage() -> None:
    chat = blueprint("chat")
    fallback = chat.degradation.fallback
    assert fallback is not None
    assert fallback.model is not None
    prod = environment("prod")
    own, other = service_tags(prod, chat), service_tags(prod, chat, fallback.model)
    assert other[TagKey.MODEL_DIGEST] == fallback.model.manifest.digest != own[TagKey.MODEL_DIGEST]
    assert other[TagKey.SERVICE] == own[TagKey.SERVICE]


@pytest.mark.parametrize("service", SERVICES)
def test_every_value_is_legal_where_it_is_written(service: str) -> None:
    tags = service_tags(environment("prod"), blueprint(service))
    assert all(TAG_VALUE.fullmatch(value) for value in tags.values())
    assert all(LABEL_VALUE.fullmatch(value) for value in labels(tags).values())


@pytest.mark.parametrize("service", SERVICES)
def test_labels_and_annotations_together_say_what_the_tags_say(service: str) -> None:
    tags = service_tags(environment("prod"), blueprint(service))
    together = labels(tags) | annotations(tags)
    assert together == {f"{LABEL_PREFIX}{key}": value for key, value in tags.items()}
    assert not set(labels(tags)) & set(annotations(tags))
    assert set(annotations(tags)) == {key.label for key in ANNOTATION_KEYS}


def test_a_key_that_is_not_ours_is_no_label() -> None:
    with pytest.raises(ValueError, match="Name"):
        labels({"Name": "console"})


@given(st.lists(st.from_regex(r"[a-z]{1,60}", fullmatch=True), min_size=1, max_size=12, unique=True))
def test_many_datasets_are_cut_at_whole_names(names: list[str]) -> None:
    datasets = [{"name": name, "snapshot": "s1"} for name in names]
    one = blueprint("fraud-score", **{"governance.lineage.datasets": datasets})
    value = service_tags(environment("prod"), one)[TagKey.DATASET]
    assert 0 < len(value) <= 256
    assert value.split() == [f"{name}@s1" for name in names][: len(value.split())]
