"""One preview from start to end: project, pack, program, plan.

Owns the order, so that the pack starts up while the program runs, and that secrets are struck out of what
any of them says before it leaves. What the steps do is theirs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.preview.build import build_plan
from serving.preview.places import places
from serving.preview.plan import Plan
from serving.preview.project import Project, StackConfig, load_project, load_stack_config
from serving.preview.runner import run_program

if TYPE_CHECKING:
    from serving.preview.policy_driver import PolicyInfo, PolicyPack


@dataclass(frozen=True, slots=True)
class Request:
    """What to preview.

    Attributes:
        root: The project's folder.
        stack: The stack's name.
        pack: The policy pack's folder; None leaves the policies out.
        policy_config: As in the CLI's `--policy-pack-config`.
    """

    root: Path
    stack: str
    pack: Path | None = None
    policy_config: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def preview(request: Request, progress: Callable[[str], None] = lambda step: None) -> Plan:
    """Run the program, let the pack judge, return the plan.

    Args:
        request: What to preview.
        progress: Told what is being done, a few times.

    Raises:
        InputError: Something that a person wrote is wrong.
        ServingError: The program or the pack failed.
    """
    project = load_project(request.root.resolve())
    config = load_stack_config(project, request.stack)
    if request.pack is None:
        return _preview(request, project, config, None, progress)
    from serving.preview.policy_driver import PolicyPack  # only now: it brings gRPC and a schema validator

    with PolicyPack(request.pack, project, config) as pack:
        return _preview(request, project, config, pack, progress)


def _preview(
    request: Request,
    project: Project,
    config: StackConfig,
    pack: PolicyPack | None,
    progress: Callable[[str], None],
) -> Plan:
    progress(f"running the program of {project.name}, stack {config.stack}")
    recording = run_program(project, config)
    progress(f"{len(recording.registrations)} resources registered")
    plan, redact = build_plan(recording, project.root, config.secret_keys)
    if pack is None:
        return plan
    progress("policies judge")
    judgement = pack.judge(recording, redact, request.policy_config)
    return dataclasses.replace(
        plan,
        violations=judgement.violations,
        remediations=judgement.remediations,
        policy_pack=judgement.pack,
        policies=judgement.policies,
        disabled_policies=judgement.disabled,
        rules=judgement.rules,
        places=places(recording, project, (violation.urn for violation in judgement.violations)),
    )


def list_policies(root: Path, stack: str | None, pack: Path) -> tuple[PolicyInfo, ...]:
    """What a pack checks, at the levels of a stack, or at its own where none is named.

    Raises:
        InputError: Project, stack or pack are not what they should be.
        ServingError: The pack failed.
    """
    from serving.preview.policy_driver import PolicyPack

    if stack is None:
        project = Project(root=root.resolve(), name=root.resolve().name, program=root.resolve(), config={})
        config = StackConfig(stack="", values={}, secret_keys=frozenset())
    else:
        project = load_project(root.resolve())
        config = load_stack_config(project, stack)
    with PolicyPack(pack, project, config) as running:
        return running.policies()
