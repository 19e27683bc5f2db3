"""What holds of every published component, whoever wrote it."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
import typing
from collections.abc import Awaitable
from pathlib import Path
from types import ModuleType
from typing import Any, NotRequired, get_args, get_origin

import pulumi
import pydantic
import pytest
from pulumi.provider.experimental.component import ComponentProvider

import components
from components.options import PACKAGE, type_token

FOLDER = Path(components.__file__).parent
COMPONENTS = sorted(components.MODULES)


def module_of(component: str) -> ModuleType:
    return importlib.import_module(f"components.{components.MODULES[component]}")


def arguments(component: str) -> dict[str, Any]:
    return inspect.get_annotations(getattr(components, f"{component}Args"))


def is_wiring(annotation: Any) -> bool:
    """Whether a value of the type may be an output of another resource, at any depth.

    `pulumi.Input[T]` is a union of which `Awaitable[T]` is a part.
    """
    if get_origin(annotation) in (pulumi.Output, Awaitable):
        return True
    if typing.is_typeddict(annotation):
        return any(is_wiring(hint) for hint in inspect.get_annotations(annotation).values())
    return any(is_wiring(part) for part in get_args(annotation))


def schema_of(*published: str) -> dict[str, Any]:
    provider = ComponentProvider([getattr(components, one) for one in published], PACKAGE, None, "0.1.0")
    return dict(json.loads(provider.schema or "{}"))


def test_every_component_in_the_folder_is_published() -> None:
    defined = set()
    for path in FOLDER.glob("*.py"):
        if path.stem.startswith("__"):
            continue
        module = importlib.import_module(f"components.{path.stem}")
        defined |= {
            (name, path.stem)
            for name, value in vars(module).items()
            if inspect.isclass(value)
            and issubclass(value, pulumi.ComponentResource)
            and value.__module__ == module.__name__
        }
    assert defined == set(components.MODULES.items())


def test_the_public_names_are_the_components_and_their_arguments() -> None:
    assert set(components.__all__) == {*COMPONENTS, *(f"{component}Args" for component in COMPONENTS)}
    assert all(getattr(components, name).__name__ == name for name in components.__all__)


def test_a_name_that_is_not_public_is_refused_with_those_that_are() -> None:
    with pytest.raises(AttributeError, match="Network"):
        _ = components.Netwrok


def test_importing_the_package_loads_no_sdk() -> None:
    code = "import sys, components; print(sorted({'pulumi', 'pulumi_aws', 'pydantic'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parent, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_no_module_hides_one_of_the_standard_library() -> None:
    """The folder comes first on the path of the plugin."""
    assert not {path.stem for path in FOLDER.iterdir()} & set(sys.stdlib_module_names)


@pytest.mark.parametrize("component", COMPONENTS)
def test_arguments_are_a_typed_dictionary_named_after_the_component(component: str) -> None:
    signature = inspect.signature(getattr(components, component).__init__)
    assert list(signature.parameters) == ["self", "name", "args", "opts"]
    assert signature.parameters["args"].annotation is getattr(components, f"{component}Args")
    assert typing.is_typeddict(getattr(components, f"{component}Args"))


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_argument_is_either_validated_or_wiring(component: str) -> None:
    spec = getattr(module_of(component), f"{component}Spec")
    assert issubclass(spec, pydantic.BaseModel)
    wiring = {key for key, annotation in arguments(component).items() if is_wiring(annotation)}
    assert set(arguments(component)) - wiring == set(spec.model_fields) - wiring


@pytest.mark.parametrize("component", COMPONENTS)
def test_an_argument_may_be_left_out_only_where_the_specification_has_a_default(component: str) -> None:
    spec = getattr(module_of(component), f"{component}Spec")
    for key, annotation in arguments(component).items():
        if key in spec.model_fields and get_origin(annotation) is NotRequired:
            assert not spec.model_fields[key].is_required(), f"{component}Args.{key}"


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_schema_for_other_languages_can_be_made(component: str) -> None:
    schema = schema_of(component)
    described = schema["resources"][type_token(component)]
    assert described["isComponent"] is True
    assert len(described["inputProperties"]) == len(arguments(component))


def test_the_schema_of_all_components_together_can_be_made() -> None:
    schema = schema_of(*COMPONENTS)
    assert set(schema["resources"]) == {type_token(component) for component in COMPONENTS}


@pytest.mark.parametrize("component", COMPONENTS)
def test_no_constant_of_a_component_is_annotated(component: str) -> None:
    """The schema takes every annotated attribute for an output, and cannot read `ClassVar`."""
    for cls in getattr(components, component).__mro__:
        if cls.__module__.startswith("components."):
            for key, annotation in inspect.get_annotations(cls).items():
                assert "ClassVar" not in str(annotation), f"{component}.{key}"
