"""Writes the smallest useful blueprint of a new service.

Owns the text that a team begins with: short, commented, valid from the first minute. What its values mean is
the schema's business; the loader judges the result like any other blueprint.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from string import Template
from typing import Final

from pydantic import TypeAdapter, ValidationError

from serving.blueprint.errors import InputError, Problem
from serving.blueprint.schema.base import Name
from serving.blueprint.wording import printable, shown_value


class Kind(StrEnum):
    """What kind of model a service serves."""

    LLM = "llm"
    """Generates text: chat completions, streamed."""
    EMBEDDING = "embedding"
    """Turns texts into vectors."""
    TABULAR = "tabular"
    """Scores rows of features on CPU."""


_TEMPLATE: Final = Template(
    """\
# What is marked "yours" is a placeholder: put in what belongs to your service before you deploy it.
schema: 1
identity:
  name: "$name"
  tenant: my-tenant  # yours: whose quota and namespace the service uses
  owner: my-team  # yours
  contacts: {email: my-team@example.com}  # yours
  tier: 2  # 0: users stop when it stops; 1: users notice; 2: nobody notices for a day
  description: $description
contract:  # what consumers may rely on
  version: 1.0.0
$contract
  stages: {ingress: {validation: {}}}  # a request is checked before the model sees it
model:
  name: "$name"
  version: 1.0.0
  manifest: {path: $name/1.0.0/manifest.json, signer: alias/model-signing,
    digest: sha256:$zeros}  # yours: of the signed release in the model store
  engine: {$engine,
    image_digest: sha256:$zeros}  # yours: of the image in your registry
$model
slo:
$slo
scaling:  # replicas are per region, traffic is over all regions; yours: measure what one replica carries
$scaling
governance:
  data_class: internal  # public, internal, confidential or restricted
  lineage:  # yours: where the model comes from
    datasets: [{name: my-dataset, snapshot: my-snapshot}]
    training_run: my-run
    source_commit: "$commit"
cost: {monthly_ceiling_usd: $ceiling_usd}
"""
)

_PARTS: Final[Mapping[Kind, Mapping[str, str]]] = {
    Kind.LLM: {
        "description": "Answers questions in a chat.",
        "contract": "  protocol: openai\n  task: chat-completions\n  delivery: [sync, stream]",
        "engine": "name: vllm, version: 0.32.0, image: serving/vllm",
        "model": "  format: safetensors\n  size_gib: 15\n"
        "  resources: {cpu: 6, memory_gib: 40, accelerator: nvidia-l40s, accelerators: 1}",
        "slo": "  availability_percent: 99.5  # never 100: it would leave no error budget\n"
        "  latency_ms: {p95: 20000}\n  time_to_first_token_ms: {p95: 1000}",
        "scaling": "  {min_replicas: 1, max_replicas: 3, replica_rps: 2, traffic: {baseline_rps: 1, peak_rps: 4}}",
        "ceiling_usd": "8000",
    },
    Kind.EMBEDDING: {
        "description": "Turns texts into vectors.",
        "contract": "  protocol: openai\n  task: embeddings",
        "engine": "name: vllm, version: 0.32.0, image: serving/vllm, arguments: [--runner=pooling]",
        "model": "  format: safetensors\n  size_gib: 2.5\n"
        "  resources: {cpu: 3, memory_gib: 12, accelerator: nvidia-l4, accelerators: 1}",
        "slo": "  availability_percent: 99.9  # never 100: it would leave no error budget\n  latency_ms: {p95: 200}",
        "scaling": "  {min_replicas: 1, max_replicas: 3, replica_rps: 40, traffic: {baseline_rps: 10, peak_rps: 60}}",
        "ceiling_usd": "3000",
    },
    Kind.TABULAR: {
        "description": "Scores rows of features.",
        "contract": "  protocol: open-inference-v2\n  path: /v2/models/$name/infer",
        "engine": "name: mlserver, version: 1.7.1, image: serving/mlserver",
        "model": "  format: skops\n  size_gib: 0.2\n  resources: {cpu: 2, memory_gib: 4}",
        "slo": "  availability_percent: 99.9  # never 100: it would leave no error budget\n  latency_ms: {p95: 100}",
        "scaling": "  {min_replicas: 2, max_replicas: 6, replica_rps: 100, traffic: {baseline_rps: 50, peak_rps: 300}}",
        "ceiling_usd": "600",
    },
}


def render(name: str, kind: Kind) -> str:
    """Return the text of a valid blueprint.

    Args:
        name: Name of the service.
        kind: What kind of model it serves.

    Raises:
        InputError: The schema does not allow that name.
    """
    _check_name(name)
    # a digest and a commit of zeros have the right form and, being nobody's, fail every verification
    parts = {key: Template(part).substitute(name=name) for key, part in _PARTS[kind].items()}
    return _TEMPLATE.substitute(name=name, zeros="0" * 64, commit="0" * 40, **parts)


def new_blueprint(name: str, kind: Kind, folder: str | os.PathLike[str]) -> Path:
    """Write the blueprint of a new service and return its path.

    Raises:
        InputError: The name is not allowed, the blueprint is there already, or it cannot be written.
    """
    text = render(name, kind)
    path = Path(folder) / f"{name}.yaml"
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        _refuse(path, "is there already", "choose another name, or change the blueprint that there is")
    except OSError as error:
        _refuse(path, f"cannot be written: {error.strerror}", "name a folder that you may write to")
    return path


def _check_name(name: str) -> None:
    try:
        TypeAdapter(Name).validate_python(name, strict=True)
    except ValidationError:
        problem = Problem(
            file="(new blueprint)",
            line=0,
            column=0,
            key="identity.name",
            message="not a name that a service can have",
            value=shown_value(("identity", "name"), name),
            effect="DNS names, labels and load balancers could not carry it",
            remedy="use up to 30 lowercase letters, digits and inner dashes, a letter first",
        )
        raise InputError([problem]) from None


def _refuse(path: Path, message: str, remedy: str) -> None:
    raise InputError([Problem(printable(str(path)), 0, 0, "", message, remedy=remedy)])
