"""Rule `model-safetensors-only`: loading a model runs nobody's code."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from pydantic import Field

from policies.images import SAGEMAKER_MODEL
from policies.models import options, variables, words
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import WORKLOADS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, containers, pod_templates

INFERENCE_SERVICE: Final = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
_TRUST_OPTION: Final = "trust-remote-code"
_TRUST_VARIABLE: Final = "TRUST_REMOTE_CODE"
_NO: Final = frozenset({"false", "0", "no", "off"})
_LOAD_FORMAT: Final = "load-format"
_PICKLED_FORMATS: Final = frozenset({"pt", "npcache"})
"""Of vLLM's `--load-format`; both read PyTorch's pickles (vLLM documentation, `vllm.config.load`, read 2026-11)."""


class Formats(Parameters):
    """Parameters."""

    executable_files: tuple[str, ...] = Field(
        default=(
            "*.ckpt",
            "*.dill",
            "*.joblib",
            "*.pickle",
            "*.pkl",
            "*.pt",
            "*.pth",
            "*pytorch_model*.bin",
        ),
        min_length=1,
        description="Names of files that may run code when they are loaded, in lower case.",
    )


def check(resource: Resource, parameters: Formats) -> Outcomes:
    """Judge what a workload, a SageMaker model or an InferenceService loads."""
    if resource.token == SAGEMAKER_MODEL:
        primary = resource["primaryContainer"]
        yield from judge_each(
            (*(() if primary.missing else (primary,)), *resource["containers"].items()),
            partial(_judge_model, parameters),
        )
    elif resource.token == INFERENCE_SERVICE:
        yield from _judge_predictor(resource.at("spec", "predictor"), parameters)
    elif not borrows_pods(resource):
        found = (one for template in pod_templates(resource) for one in containers(template))
        yield from judge_each(found, partial(_judge_container, parameters))


def _judge_predictor(predictor: Node, parameters: Formats) -> Outcomes:
    model = predictor["model"]
    yield from judge_each((model["storageUri"],), partial(_judge_file, parameters))
    parts = (*(() if model.missing else (model,)), *predictor["containers"].items())
    yield from judge_each(parts, partial(_judge_container, parameters))


def _judge_model(parameters: Formats, container: Node) -> Outcomes:
    sources = container.at("modelDataSource", "s3DataSources").items()
    files = (container["modelDataUrl"], *(source["s3Uri"] for source in sources))
    yield from judge_each(files, partial(_judge_file, parameters))
    entries = container["environment"].entries()
    yield from judge_each(entries.items(), lambda entry: _judge_variable(parameters, *entry))


def _judge_container(parameters: Formats, container: Node) -> Outcomes:
    aspects = (_judge_options, _judge_words, _judge_variables)
    yield from judge_each(aspects, lambda aspect: aspect(parameters, container))


def _judge_options(parameters: Formats, container: Node) -> Iterator[Outcome]:
    for option in options(container):
        if option.name == _TRUST_OPTION and option.value.lower() not in _NO:
            yield Violation(f"{option.node.place} trusts the code that comes with the model")
        elif option.name == _LOAD_FORMAT and option.value.lower() in _PICKLED_FORMATS:
            yield Violation(f"{option.node.place} loads pickles")


def _judge_words(parameters: Formats, container: Node) -> Iterator[Outcome]:
    for word in words(container):
        if _is_executable(word.text.rpartition("=")[2], parameters):
            yield Violation(f"{word.node.place} names a model that may run code when it is loaded")


def _judge_variables(parameters: Formats, container: Node) -> Outcomes:
    yield from judge_each(variables(container), lambda entry: _judge_variable(parameters, *entry))


def _judge_variable(parameters: Formats, name: str, value: Node) -> Iterator[Outcome]:
    text = value.text() or ""
    if _TRUST_VARIABLE in name.upper() and text and text.lower() not in _NO:
        yield Violation(f"{value.place} trusts the code that comes with the model")
    elif _is_executable(text, parameters):
        yield Violation(f"{value.place} names a model that may run code when it is loaded")


def _judge_file(parameters: Formats, node: Node) -> Iterator[Outcome]:
    if _is_executable(node.text() or "", parameters):
        yield Violation(f"{node.place} names a model that may run code when it is loaded")


def _is_executable(text: str, parameters: Formats) -> bool:
    name = text.strip().partition("?")[0].rpartition("/")[2].lower()
    return any(fnmatchcase(name, pattern) for pattern in parameters.executable_files)


RULE = Rule(
    id="model-safetensors-only",
    title="No model is loaded in a format, or with an option, that runs code",
    description=(
        "No command line and no environment variable of a container names a pickle (.pkl, .pt, .pth, .ckpt, .joblib, "
        "pytorch_model.bin) or trusts remote code (--trust-remote-code, *TRUST_REMOTE_CODE); nor does the storage of "
        "a KServe InferenceService or the data of a SageMaker model. What lies in an archive or a folder is not seen."
    ),
    effect="whoever can write to the model store, or to a public hub, runs code beside the requests",
    remedy="convert the model to safetensors, GGUF or ONNX, and leave the option out",
    topic=Topic.SUPPLY_CHAIN,
    kind=Kind.RESOURCE,
    severity=Severity.HIGH,
    tokens=(*WORKLOADS, SAGEMAKER_MODEL, INFERENCE_SERVICE),
    parameters=Formats,
    check=check,
)
