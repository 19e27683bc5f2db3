"""The real engine, a copy of the project, and providers of the tests' own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documents import ROOT, copy_of_project

PULUMI = shutil.which("pulumi")
NO_ENGINE = "the Pulumi CLI is not on PATH (it is on no package registry); install it to run this test"
PROVIDERS = ("aws", "kubernetes")


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.engine)
            if PULUMI is None:
                item.add_marker(pytest.mark.skip(reason=NO_ENGINE))


@dataclass(frozen=True)
class Engine:
    """The CLI in one project with one stack, its state in a folder."""

    project: Path
    stack: str
    environment: dict[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [PULUMI or "pulumi", *arguments, "--non-interactive", "--color", "never", "--stack", self.stack]
        return subprocess.run(  # the caller judges the exit code
            command,
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def done(self, *arguments: str) -> str:
        """Run and insist on success; returns what was printed."""
        result = self.run(*arguments)
        told, _, _ = result.stdout.partition("\nOutputs:")  # long, and never why it failed
        assert result.returncode == 0, told[-6000:] + result.stderr[-4000:]
        return result.stdout

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the stack's state."""
        return list(json.loads(self.done("stack", "export"))["deployment"].get("resources", []))

    def edit(self, **changes: object) -> None:
        """Change the stack's environment: dotted keys."""
        from tests.documents import ENVIRONMENT_KEY, changed

        path = self.project / f"Pulumi.{self.stack}.yaml"
        document = yaml.safe_load(path.read_text())
        changed(document["config"][ENVIRONMENT_KEY], changes)
        path.write_text(yaml.safe_dump(document, sort_keys=False))


def plugins(folder: Path, packages: Sequence[str] = PROVIDERS) -> Path:
    """Executables by which the engine finds the tests' providers."""
    folder.mkdir()
    for package in packages:
        script = folder / f"pulumi-resource-{package}"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -u "{ROOT}/tests/engine/provider.py" {package}\n')
        script.chmod(0o755)
    return folder


def fresh_stack(
    folder: Path,
    stack: str,
    inside: str = ".",
    packages: Sequence[str] = PROVIDERS,
    variables: Mapping[str, str] | None = None,
) -> Engine:
    """A stack without resources, of a project in a copy of the repository.

    Args:
        folder: Where everything of it is.
        stack: Its name.
        inside: The project's folder in the repository.
        packages: Whose provider is the tests' own; those of others are looked for on PATH.
        variables: Further environment variables.
    """
    (folder / "state").mkdir()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "AWS_"))},
        "PATH": f"{plugins(folder / 'bin', packages)}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{folder}/state",
        "PULUMI_CONFIG_PASSPHRASE": "of the tests",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        **(variables or {}),
    }
    one = Engine(copy_of_project(folder / "project") / inside, stack, environment)
    created = subprocess.run(
        [PULUMI or "pulumi", "stack", "init", stack, "--non-interactive"],
        cwd=one.project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert created.returncode == 0, created.stderr
    return one


@pytest.fixture(scope="module", params=["dev", "prod"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A fresh stack of each kind."""
    return fresh_stack(tmp_path_factory.mktemp("engine"), request.param)
