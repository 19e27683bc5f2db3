"""The life of the bootstrap stack under the real engine: it comes up, stands still, and keeps what it holds.

The tests of this module build on each other in their order, as a stack's life does.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.conftest import Engine, fresh_stack


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return fresh_stack(tmp_path_factory.mktemp("bootstrap"), "main", "bootstrap")


def test_1_the_bootstrap_stack_comes_up_under_the_policy_pack(backend: Engine) -> None:
    printed = backend.done("up", "--yes", "--skip-preview", "--policy-pack", "../policies")
    assert "[mandatory]" not in printed.lower()
    assert len(backend.resources()) > 50


def test_2_its_outputs_are_what_pulumi_takes(backend: Engine) -> None:
    outputs = json.loads(backend.done("stack", "output", "--json"))
    assert outputs["login_url"].startswith("s3://")
    assert outputs["secrets_provider"].startswith("awskms://alias/")
    assert outputs["operator_policy_arn"].startswith("arn:")


def test_3_a_second_preview_is_empty(backend: Engine) -> None:
    backend.done("preview", "--expect-no-changes")


def test_4_its_own_state_can_move_to_another_backend(backend: Engine, tmp_path: Path) -> None:
    moved = tmp_path / "state.json"
    backend.done("stack", "export", "--show-secrets", "--file", str(moved))
    before = {resource["urn"] for resource in backend.resources()}
    (tmp_path / "state").mkdir()
    elsewhere = Engine(
        backend.project, backend.stack, {**backend.environment, "PULUMI_BACKEND_URL": f"file://{tmp_path}/state"}
    )
    elsewhere.done("stack", "init", "--secrets-provider", "passphrase")
    elsewhere.done("stack", "import", "--file", str(moved))
    assert {resource["urn"] for resource in elsewhere.resources()} == before
    elsewhere.done("preview", "--expect-no-changes")


def test_5_state_and_keys_cannot_be_destroyed(backend: Engine) -> None:
    protected = {resource["urn"]: resource["type"] for resource in backend.resources() if resource.get("protect")}
    assert {"aws:backup/vault:Vault", "aws:kms/key:Key", "aws:s3/bucket:Bucket"} <= set(protected.values())
    refused = backend.run("destroy", "--yes", "--skip-preview")
    assert refused.returncode != 0
    assert "protect" in refused.stdout + refused.stderr
    assert set(protected) <= {resource["urn"] for resource in backend.resources()}
