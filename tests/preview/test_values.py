"""Values cross from the wire to the plan without secrets and without loss."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import rpc

from serving.preview.values import REDACTED, SECRET, UNKNOWN, Decoder, Redactor, is_marker

SECRET_SIGNATURE = {rpc._special_sig_key: rpc._special_secret_sig}


def decoded(value: Any, **others: Any) -> Any:
    struct = Struct()
    struct.update({"value": value} | others)
    return Decoder().struct(struct)["value"]


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(plain)
def test_plain_values_cross_unchanged(value: Any) -> None:
    assert decoded(value) == value


def test_whole_numbers_are_integers_and_others_are_not() -> None:
    assert repr(decoded(3.0)) == "3"
    assert repr(decoded(0.5)) == "0.5"


def test_the_sdks_unknown_is_unknown() -> None:
    assert decoded([rpc.UNKNOWN]) == [UNKNOWN]


@pytest.mark.parametrize("hidden", ["hush", 42, ["hush"], {"a": "hush"}, rpc.UNKNOWN])
def test_a_secret_says_nothing_of_its_value(hidden: Any) -> None:
    assert decoded({"deep": [SECRET_SIGNATURE | {"value": hidden}]}) == {"deep": [SECRET]}


def test_a_property_named_as_a_secret_output_is_masked_whole() -> None:
    struct = Struct()
    struct.update({"password": "hush hush", "name": "n"})
    decoder = Decoder()
    assert decoder.struct(struct, ["password"]) == {"password": SECRET, "name": "n"}
    assert decoder.secret_texts == {"hush hush"}


def test_data_that_looks_like_a_marker_is_not_taken_for_one() -> None:
    value = decoded({"$unknown": True})
    assert value == {"$literal": {"$unknown": True}}
    assert value != UNKNOWN


@given(plain)
def test_what_is_decoded_from_plain_data_is_a_marker_only_as_a_literal(value: Any) -> None:
    found = decoded({"$secret": value})
    assert is_marker(found)
    assert found == {"$literal": {"$secret": value}}


def test_assets_and_references_have_words_of_their_own() -> None:
    asset = {rpc._special_sig_key: rpc._special_asset_sig, "path": "a.txt"}
    reference = {rpc._special_sig_key: rpc._special_resource_sig, "urn": "urn:x", "id": rpc.UNKNOWN}
    assert decoded(asset) == {"$asset": {"path": "a.txt"}}
    assert decoded(reference) == {"$resource": "urn:x"}


def test_an_output_value_is_its_value_unless_it_is_secret_or_unknown() -> None:
    output = {rpc._special_sig_key: rpc._special_output_value_sig}
    assert decoded(output | {"value": "x"}) == "x"
    assert decoded(output) == UNKNOWN
    assert decoded(output | {"value": "x", "secret": True}) == SECRET


def test_redaction_takes_the_longest_secret_first_and_leaves_short_ones() -> None:
    redact = Redactor(["hush", "hush hush", "ab"])
    assert redact("say hush hush and hush, ab") == f"say {REDACTED} and {REDACTED}, ab"


def test_redaction_finds_each_line_of_a_secret_of_several() -> None:
    assert "PRIVATE" not in Redactor(["BEGIN PRIVATE\nabcdef"])("got: BEGIN PRIVATE")
