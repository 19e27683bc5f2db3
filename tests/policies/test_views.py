"""How properties are read: states, types, wrappings, companions, tags."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path

import pulumi.runtime.rpc as sdk
import pulumi_aws
import pulumi_kubernetes
import pytest

from policies import views
from policies.checks.s3_block_public import PUBLIC_ACCESS_BLOCK
from policies.pack import RULES
from policies.rule import ANY_TYPE
from policies.stack import Stack
from policies.tagging import taggable, tags
from policies.tokens import BUCKET, DEPLOYMENT, canonical_token
from policies.views import UNKNOWN, Malformed, Node, Undetermined
from tests.policies.harness import Declared, secret


def test_the_wire_markers_are_those_of_the_sdk() -> None:
    assert sdk._special_sig_key == views.SIGNATURE_KEY
    assert sdk._special_secret_sig == views.SECRET_SIGNATURE
    assert sdk._special_output_value_sig == views.OUTPUT_SIGNATURE
    assert sdk._special_resource_sig == views.REFERENCE_SIGNATURE
    assert sdk.UNKNOWN == views.UNKNOWN


def test_reading_an_unknown_names_the_place_where_it_begins() -> None:
    node = Node({"a": [{"b": UNKNOWN}]})
    with pytest.raises(Undetermined) as caught:
        node.at("a", 0, "b", "c", "d").text()
    assert caught.value.path == ("a", 0, "b")


def test_passing_an_unknown_on_the_way_to_something_known_is_harmless() -> None:
    assert Node({"a": UNKNOWN, "b": "x"})["b"].text() == "x"
    assert Node([UNKNOWN, "x"])[1].text() == "x"


@pytest.mark.parametrize(
    ("value", "text"), [("x", "x"), (3, "3"), (3.0, "3"), (2.5, "2.5"), (None, None), (secret("x"), "x")]
)
def test_texts_are_read_as_tags_have_them(value: object, text: str | None) -> None:
    assert Node({"v": value})["v"].text() == text


@pytest.mark.parametrize(("value", "truth"), [(True, True), ("True", True), ("false", False), (None, None)])
def test_truths_are_read_as_the_engine_has_them(value: object, truth: bool | None) -> None:
    assert Node({"v": value})["v"].truth() is truth


@pytest.mark.parametrize("value", ["ten", "", True, [], {}, float("nan"), "inf", 10**400])
def test_what_is_no_finite_number_is_malformed(value: object) -> None:
    with pytest.raises(Malformed):
        Node({"v": value})["v"].number()


@pytest.mark.parametrize("value", ["{", '{"a":' * 5000, "nonsense"])
def test_what_is_no_json_is_malformed(value: str) -> None:
    with pytest.raises(Malformed):
        Node({"v": value})["v"].document()


def test_output_values_and_references_are_unwrapped() -> None:
    output = {views.SIGNATURE_KEY: views.OUTPUT_SIGNATURE, "value": "x", "secret": True}
    pending = {views.SIGNATURE_KEY: views.OUTPUT_SIGNATURE}
    reference = {views.SIGNATURE_KEY: views.REFERENCE_SIGNATURE, "urn": "urn:x", "id": ""}
    node = Node({"output": output, "pending": pending, "reference": reference})
    assert (node["output"].text(), node["output"].secret) == ("x", True)
    assert node["pending"].unknown
    assert node["reference"].unknown


def test_an_asset_is_no_mapping_of_a_resource() -> None:
    asset = {views.SIGNATURE_KEY: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}
    with pytest.raises(Malformed):
        Node({"v": asset})["v"].entries()


@pytest.mark.parametrize(
    ("token", "canonical"),
    [
        ("aws:s3/bucketV2:BucketV2", BUCKET),
        ("aws:s3/bucketAclV2:BucketAclV2", "aws:s3/bucketAcl:BucketAcl"),
        ("aws:alb/loadBalancer:LoadBalancer", "aws:lb/loadBalancer:LoadBalancer"),
        ("kubernetes:extensions/v1beta1:Deployment", DEPLOYMENT),
        ("kubernetes:apps/v1beta2:Deployment", DEPLOYMENT),
        ("aws:dms/endpoint:Endpoint", "aws:dms/endpoint:Endpoint"),
    ],
)
def test_a_type_of_several_names_has_one_canonical_name(token: str, canonical: str) -> None:
    assert canonical_token(token) == canonical


def test_every_older_aws_name_leads_to_a_type_that_exists() -> None:
    for token in sorted(_published("aws:s3/")):
        if token.endswith("V2"):
            assert canonical_token(token) in _published("aws:s3/"), token


def test_every_kubernetes_kind_that_a_rule_judges_is_judged_in_every_version_that_can_be_written() -> None:
    """Of the kinds of Kubernetes itself, which the installed package has in each version that was ever served."""
    versions: dict[str, set[str]] = {}
    for folder in (Path(str(pulumi_kubernetes.__file__)).parent).glob("*/v*"):
        group = folder.parent.name
        for module in folder.glob("*.py"):
            for token in re.findall(rf"'(kubernetes:[a-z.0-9]+/{folder.name}:\w+)'", module.read_text("utf-8")):
                versions.setdefault(f"{group}:{token.rpartition(':')[2]}", set()).add(token)
    judged = {token for each in RULES for token in each.tokens if ANY_TYPE not in each.tokens}
    of_kubernetes = {name for name, tokens in versions.items() if not tokens.isdisjoint(judged)}
    assert len(of_kubernetes) > 15
    missed = {token for name in of_kubernetes for token in versions[name] if canonical_token(token) not in judged}
    assert missed == set()


def test_companions_are_found_by_dependency_then_by_stated_name() -> None:
    one, two = Declared(BUCKET, "one", {}), Declared(BUCKET, "two", {"bucket": "acme-two"})
    of_one = Declared(PUBLIC_ACCESS_BLOCK, "a", {"bucket": UNKNOWN}, {"bucket": ("one",)})
    of_two = Declared(PUBLIC_ACCESS_BLOCK, "b", {"bucket": "acme-two"})
    loose = Declared(PUBLIC_ACCESS_BLOCK, "c", {"bucket": UNKNOWN})
    stack = _stack(one, two, of_one, of_two, loose)
    for owner, companion in ((one, of_one), (two, of_two)):
        found = stack.companions(_get(stack, owner), PUBLIC_ACCESS_BLOCK, "bucket")
        assert [resource.urn for resource in found.bound] == [companion.urn]
        assert [node.urn for node in found.loose] == [loose.urn]


def test_companions_that_lead_to_each_other_end_the_search() -> None:
    left = Declared(PUBLIC_ACCESS_BLOCK, "left", {"bucket": UNKNOWN}, {"bucket": ("right",)})
    right = Declared(PUBLIC_ACCESS_BLOCK, "right", {"bucket": UNKNOWN}, {"bucket": ("left",)})
    stack = _stack(Declared(BUCKET, "one", {}), left, right)
    found = stack.companions(stack.of(BUCKET)[0], PUBLIC_ACCESS_BLOCK, "bucket")
    assert found.bound == ()
    assert len(found.loose) == 2


def test_own_tags_win_over_the_providers() -> None:
    bucket = Declared(BUCKET, "m", {"tags": {"a": "own"}}, default_tags={"a": "theirs", "b": "theirs"})
    found = tags(bucket.build({}, alone=True))
    assert {key: node.text() for key, node in found.items()} == {"a": "own", "b": "theirs"}


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # older names in the package itself
@pytest.mark.parametrize("module", ["s3", "lambda", "ec2", "kms", "eks"])
def test_what_is_taggable_is_what_the_package_lets_people_tag(module: str) -> None:
    tokens = _published(f"aws:{module}/")
    assert len(tokens) > 10 or module in {"eks", "kms"}
    package = importlib.import_module(f"pulumi_aws.{'lambda_' if module == 'lambda' else module}")
    for token in sorted(tokens):
        name = token.rpartition(":")[2]
        declaring = sys.modules[getattr(package, name).__module__]
        arguments = getattr(declaring, f"{name}InitArgs", None) or getattr(declaring, f"{name}Args")
        expected = "tags" in inspect.signature(arguments.__init__).parameters
        assert taggable(token) is expected, token


def test_a_type_that_the_package_does_not_know_is_neither() -> None:
    assert taggable("aws:nosuch/thing:Thing") is None
    assert taggable("aws:s3/thing:Thing") is None
    assert taggable("aws:") is None


def _published(prefix: str) -> frozenset[str]:
    """Type tokens that the installed package declares."""
    source = inspect.getsource(pulumi_aws)
    lines = (line.strip() for line in source.splitlines())
    tokens = (line.split('"')[1] for line in lines if line.startswith('"aws:'))
    return frozenset(token for token in tokens if token.startswith(prefix))


def _stack(*resources: Declared) -> Stack:
    urns = {resource.name: resource.urn for resource in resources}
    return Stack(tuple(resource.build(urns, alone=False) for resource in resources))


def _get(stack: Stack, declared: Declared) -> views.Resource:
    found = stack.get(declared.urn)
    assert found is not None
    return found
