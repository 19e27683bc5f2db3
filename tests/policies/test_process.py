"""How the pack's process starts: in a process of its own, because what it changes holds for the whole interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _told(program: str) -> str:
    start = "import sys; from policies.process import prepare; prepare(); import policies.server; "
    done = subprocess.run([sys.executable, "-c", start + program], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_protocol_comes_without_the_sdk() -> None:
    loaded = _told("print(*(name for name in sys.modules if name.startswith('pulumi')))").split()
    assert "pulumi.runtime.proto.analyzer_pb2" in loaded
    assert not {"pulumi.resource", "pulumi.runtime.settings"} & set(loaded)


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import pulumi; print(pulumi.Output.__name__, pulumi.runtime.is_dry_run.__name__)", "Output is_dry_run"),
        ("from pulumi import ResourceOptions as found; print(found.__name__)", "ResourceOptions"),
        ("import pulumi_aws as aws; print(aws.s3.Bucket.__name__)", "Bucket"),
        ("import pulumi; print(pulumi.runtime.proto.analyzer_pb2 is policies.server.proto)", "True"),
        ("import pulumi; print(hasattr(pulumi, 'nonsense'), hasattr(pulumi, 'Output'))", "False True"),
    ],
)
def test_whoever_asks_for_the_sdk_gets_it(program: str, told: str) -> None:
    assert _told(program) == told


def test_a_process_that_has_the_sdk_keeps_it() -> None:
    program = "import pulumi; output = pulumi.Output; prepare(); import pulumi; print(pulumi.Output is output)"
    assert _told(program) == "True"
