"""The structure of the tree: who may import whom, and which names may exist."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("serving", "components", "policies")

# package -> what of the project it may import besides itself
MAY_IMPORT = {
    "serving.blueprint": (),
    "serving.planning": ("serving.blueprint",),
    "serving.telemetry": ("serving.blueprint",),
    "serving.operations": ("serving.blueprint",),
    "serving.contract": ("serving.blueprint",),
    "serving.stages": ("serving.blueprint",),
    "serving.preview": ("serving.blueprint", "serving.planning"),
    "serving.report": ("serving.blueprint", "serving.planning", "serving.preview"),
    "components": (
        *("serving.blueprint", "serving.telemetry", "serving.operations", "serving.planning"),
        *("serving.stages.rendering", "serving.stages.settings"),
    ),
    "policies": ("serving.blueprint",),
}
PULUMI_FREE = ("serving.blueprint", "serving.planning", "serving.stages", "serving.telemetry", "serving.workspace")
# what a preview imports of the stages must need no more than a preview installs
LIGHT = ("serving.stages", "serving.stages.rendering", "serving.stages.settings")
PROGRAMS_ONLY = {"boto3", "botocore", "httpx", "jsonschema_rs", "prometheus_client", "uvicorn", "schemathesis"}


def modules() -> Iterator[tuple[str, Path]]:
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield dotted.removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def top_level_imports(path: Path) -> Iterator[str]:
    """What is imported with the module, not only when a function of it is called."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def belongs_to(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


MODULES = list(modules())


@pytest.mark.parametrize(("module", "path"), MODULES, ids=[module for module, _ in MODULES])
def test_a_module_imports_only_what_its_package_may(module: str, path: Path) -> None:
    package = next((package for package in MAY_IMPORT if belongs_to(module, package)), None)
    if package is None:
        return
    allowed = (package, *MAY_IMPORT[package])
    for imported in imports(path):
        if imported == "serving":  # the package itself holds its version and nothing else
            continue
        if belongs_to(imported, "serving") or imported.split(".")[0] in OURS:
            assert any(belongs_to(imported, one) for one in allowed), f"{module} imports {imported}"


def test_every_package_of_the_table_is_there() -> None:
    assert {package for package in MAY_IMPORT if not (ROOT / package.replace(".", "/")).is_dir()} == set()


def test_nothing_imports_the_command_line() -> None:
    importers = {module for module, path in MODULES if "serving.cli" in set(imports(path))}
    assert importers <= {"serving.__main__"}


def test_what_is_not_infrastructure_knows_no_pulumi_and_no_cloud() -> None:
    for module, path in MODULES:
        if any(belongs_to(module, package) for package in PULUMI_FREE):
            roots = {imported.split(".")[0] for imported in imports(path)}
            assert not roots & {"pulumi", "pulumi_aws", "pulumi_kubernetes", "requests"}, module
            if not belongs_to(module, "serving.stages"):  # programs that run in a cluster
                assert not roots & {"boto3", "botocore"}, module


def test_a_preview_needs_nothing_of_the_programs_that_run_in_a_cluster() -> None:
    for module, path in MODULES:
        programs = any(belongs_to(module, one) for one in ("serving.stages", "serving.contract.conformance"))
        if module in LIGHT or not programs:
            roots = {imported.split(".")[0] for imported in top_level_imports(path)}
            assert not roots & PROGRAMS_ONLY, module


@pytest.mark.parametrize("folder", ["components", "policies"])
def test_no_module_of_a_folder_that_comes_first_on_the_path_shadows_the_standard_library(folder: str) -> None:
    names = {path.stem for path in (ROOT / folder).iterdir() if not path.name.startswith("__")}
    assert not names & sys.stdlib_module_names


def test_every_module_opens_with_its_scope() -> None:
    undocumented = [m for m, path in MODULES if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None]
    assert undocumented == []
