"""The life of a stack under the real engine; the cloud is the tests' own provider.

The tests of this module build on each other in their order, as a stack's life does.
"""

from __future__ import annotations

import re

from tests.engine.conftest import Engine


def test_1_the_policy_pack_lets_the_preview_of_the_shipped_stack_pass(engine: Engine) -> None:
    printed = engine.done("preview", "--policy-pack", "policies")
    assert re.search(r"\+ \d+ to create", printed)
    assert re.findall(r".*\[mandatory\].*", printed, re.IGNORECASE) == []


def test_2_the_stack_comes_up(engine: Engine) -> None:
    engine.done("up", "--yes", "--skip-preview", "--policy-pack", "policies")
    assert len(engine.resources()) > 100


def test_3_a_second_preview_is_empty(engine: Engine) -> None:
    engine.done("preview", "--expect-no-changes")


def test_4_what_holds_data_cannot_be_destroyed(engine: Engine) -> None:
    protected = {resource["urn"]: resource["type"] for resource in engine.resources() if resource.get("protect")}
    assert {"aws:s3/bucket:Bucket", "aws:dynamodb/table:Table", "aws:kms/key:Key"} <= set(protected.values())
    refused = engine.run("destroy", "--yes", "--skip-preview")
    assert refused.returncode != 0
    assert "protect" in refused.stdout + refused.stderr
    # the engine takes down what nothing protected depends on before it comes to what it must not touch
    assert set(protected) <= {resource["urn"] for resource in engine.resources()}


def test_5_a_broken_rule_stops_the_preview(engine: Engine) -> None:
    bucket = engine.project / "components" / "bucket.py"
    text = bucket.read_text()
    assert '"aws:kms"' in text
    bucket.write_text(text.replace('"aws:kms"', '"AES256"'))
    try:
        refused = engine.run("preview", "--policy-pack", "policies")
    finally:
        bucket.write_text(text)
    printed = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert "enc-s3-kms-cmk" in printed
    assert "remedy" in printed


def test_6_bad_input_is_told_without_a_traceback(engine: Engine) -> None:
    path = engine.project / f"Pulumi.{engine.stack}.yaml"
    text = path.read_text()
    engine.edit(regoins=[])
    try:
        refused = engine.run("preview")
    finally:
        path.write_text(text)
    printed = refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert "did you mean: regions" in printed
    assert "Traceback" not in printed
