"""Rule `secret-not-in-env`: no secret stands where everybody who may list things can read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from pydantic import Field

from policies.images import SAGEMAKER_MODEL, TASK_DEFINITION
from policies.plain_secrets import (
    argument_states_secret,
    is_bare_flag,
    is_kept_elsewhere,
    is_secret_value,
    leads_to_secret,
    states_secret,
    unpacked,
)
from policies.rule import Kind, Outcome, Outcomes, Parameters, Rule, Severity, Topic, Violation, judge_each
from policies.tokens import EC2_INSTANCE, FUNCTION, LAUNCH_TEMPLATE, WORKLOADS
from policies.views import Node, Resource
from policies.workloads import borrows_pods, containers, pod_templates
from serving.blueprint.wording import names_secret_value

CONFIG_MAP: Final = "kubernetes:core/v1:ConfigMap"
CODE_BUILD: Final = "aws:codebuild/project:Project"
_USER_DATA_KEYS: Final = ("userData", "userDataBase64")
_COMMANDS: Final = ("command", "args")


class Names(Parameters):
    """Parameters."""

    secret_names: tuple[str, ...] = Field(
        default=(), description="Patterns of further names whose values are secrets, such as *_PIN."
    )
    harmless_names: tuple[str, ...] = Field(
        default=(), description="Patterns of names that look like those of secrets, whose values are none."
    )


def check(resource: Resource, parameters: Names) -> Outcomes:
    """Judge what a resource shows to everybody who may describe it."""
    judge = _JUDGES.get(resource.token, _judge_workload)
    yield from judge(resource, parameters)


def _judge_workload(workload: Resource, parameters: Names) -> Iterator[Outcome]:
    def judge(template: Node) -> Outcomes:
        return judge_each(containers(template), partial(_judge_container, workload, parameters))

    if not borrows_pods(workload):
        yield from judge_each(pod_templates(workload), judge)


def _judge_container(workload: Resource, parameters: Names, container: Node) -> Iterator[Outcome]:
    yield from judge_each((container["env"],), partial(_judge_variables, workload, parameters))
    for key in _COMMANDS:
        yield from judge_each((container[key],), partial(_judge_command, workload))


def _judge_variables(resource: Resource, parameters: Names, variables: Node) -> Outcomes:
    return judge_each(variables.items(), partial(_judge_variable, resource, parameters))


def _judge_variable(resource: Resource, parameters: Names, variable: Node) -> Iterator[Outcome]:
    if not variable["value"].missing:
        yield from _judge_value(resource, parameters, variable["name"].text() or "", variable["value"])


def _judge_values(resource: Resource, parameters: Names, values: Node) -> Outcomes:
    return judge_each(values.entries().items(), lambda entry: _judge_value(resource, parameters, entry[0], entry[1]))


def _judge_value(resource: Resource, parameters: Names, name: str, value: Node) -> Iterator[Outcome]:
    if value.missing or _matches(name, parameters.harmless_names):
        return
    named = names_secret_value(name) or _matches(name, parameters.secret_names)
    if value.secret:
        yield Violation(f"{value.place} is marked as a secret, and can be read here by everybody who may describe it")
    elif leads_to_secret(resource, value) or (not named and is_kept_elsewhere(resource, value)):
        return
    elif is_secret_value(name, value.text() or "", named=named):
        yield Violation(f"{value.place} states a secret")


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _judge_command(resource: Resource, command: Node) -> Iterator[Outcome]:
    arguments = command.items()
    before = (None, *arguments)
    yield from judge_each(zip(before, arguments, strict=False), lambda pair: _judge_argument(resource, *pair))


def _judge_argument(resource: Resource, before: Node | None, argument: Node) -> Iterator[Outcome]:
    if argument.secret and (argument.unknown or not is_bare_flag(argument.text() or "")):
        yield Violation(f"{argument.place} is marked as a secret, and can be read here")
    elif is_kept_elsewhere(resource, argument):
        return
    else:
        flag = "" if before is None or before.unknown else before.text() or ""
        if argument_states_secret(flag, argument.text() or ""):
            yield Violation(f"{argument.place} states a secret")


def _judge_config_map(config: Resource, parameters: Names) -> Iterator[Outcome]:
    def judge(entry: tuple[str, Node]) -> Iterator[Outcome]:
        name, value = entry
        found = list(_judge_value(config, parameters, name, value))
        yield from found
        if not found and not value.unknown and states_secret(value.text() or ""):
            yield Violation(f"{value.place} states a secret")

    yield from judge_each((config["data"],), lambda data: judge_each(data.entries().items(), judge))


def _judge_function(function: Resource, parameters: Names) -> Iterator[Outcome]:
    yield from _judge_values(function, parameters, function.at("environment", "variables"))


def _judge_model(model: Resource, parameters: Names) -> Iterator[Outcome]:
    for container in (model["primaryContainer"], *model["containers"].items()):
        yield from judge_each((container["environment"],), partial(_judge_values, model, parameters))


def _judge_task(task: Resource, parameters: Names) -> Iterator[Outcome]:
    for container in task["containerDefinitions"].document().items():
        yield from judge_each((container["environment"],), partial(_judge_variables, task, parameters))
        yield from judge_each((container["command"],), partial(_judge_command, task))


def _judge_build(project: Resource, parameters: Names) -> Iterator[Outcome]:
    def judge(variable: Node) -> Iterator[Outcome]:
        if variable["type"].text() in (None, "PLAINTEXT"):
            yield from _judge_variable(project, parameters, variable)

    yield from judge_each(project.at("environment", "environmentVariables").items(), judge)


def _judge_machine(machine: Resource, _: Names) -> Iterator[Outcome]:
    yield from judge_each(map(machine.__getitem__, _USER_DATA_KEYS), partial(_judge_user_data, machine))


def _judge_user_data(machine: Resource, data: Node) -> Iterator[Outcome]:
    if data.missing or is_kept_elsewhere(machine, data):
        return
    if states_secret(unpacked(data.text() or "")):
        yield Violation(f"{data.place} states a secret, which every process of the machine can read")


_JUDGES: Final[dict[str, Callable[[Resource, Names], Outcomes]]] = {
    CONFIG_MAP: _judge_config_map,
    FUNCTION: _judge_function,
    SAGEMAKER_MODEL: _judge_model,
    TASK_DEFINITION: _judge_task,
    CODE_BUILD: _judge_build,
    LAUNCH_TEMPLATE: _judge_machine,
    EC2_INSTANCE: _judge_machine,
}

RULE = Rule(
    id="secret-not-in-env",
    title="No secret is written into environment variables, arguments, ConfigMaps or user data",
    description=(
        "Environment variables and command lines of containers (Kubernetes, ECS, SageMaker), of Lambda functions and "
        "of CodeBuild projects, data of ConfigMaps, and user data of machines: no value is marked as a secret, has a "
        "form that only secrets have (private keys, access keys, tokens, passwords in URLs), or stands below a name "
        "that says it is one. References, paths and switches are none."
    ),
    effect="whoever may list pods, functions or machines has the secret, and it stands in their history for ever",
    remedy=(
        "take it from a secret store: secretKeyRef, External Secrets or the CSI driver in Kubernetes, `secrets` in "
        "ECS, an ARN that the program resolves in Lambda; and rotate what stood here"
    ),
    topic=Topic.IDENTITY,
    kind=Kind.RESOURCE,
    severity=Severity.CRITICAL,
    tokens=(*WORKLOADS, *_JUDGES),
    parameters=Names,
    check=check,
)
