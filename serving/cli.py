"""The command line: `serving <command>`.

Owns options, exit codes and where output goes; each command is one call into the package that does the work.
Everything heavy is imported inside the command that needs it, so that `serving --help` and `serving check`
start at once.

Exit codes: 0 fine, 1 a mandatory policy is violated or could not be judged, or a promise of recovery or of a contract
is broken, 2 bad input, 3 an error of ours or of the program, 128 and the signal's number where one ended it: 130 for
Ctrl-C, 141 for a reader of stdout that went away.
"""

from __future__ import annotations

import functools
import gc
import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec

import click

from serving import __version__
from serving.blueprint.errors import InputError, Problem, ServingError

if TYPE_CHECKING:
    from serving.preview.diff import PlanDiff
    from serving.preview.plan import Plan
    from serving.preview.policy_driver import PolicyInfo

EXIT_FINE = 0
EXIT_VIOLATION = 1
EXIT_INPUT = 2
EXIT_INTERNAL = 3
EXIT_INTERRUPTED = 128 + signal.SIGINT
EXIT_BROKEN_PIPE = 128 + 13  # SIGPIPE, which Windows does not name

_PACK_FOLDER = "policies"
_BLUEPRINTS_FOLDER = "blueprints"

_Parameters = ParamSpec("_Parameters")
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


class _File(click.Path):
    """A file to be read or written; an empty text, of a variable that is not set, is no file."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        return super().convert(_not_empty(ctx, param, value), param, ctx)


def _not_empty(ctx: click.Context | None, param: click.Parameter | None, value: Any) -> Any:  # noqa: ANN401
    if value == "":
        raise click.BadParameter("is empty", ctx, param)
    return value


_FILE = _File(dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(version)s")
def main() -> None:
    """Model serving from typed blueprints: check them, preview what they would deploy."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a plan with a `?` in it, rather than none


def _reports_errors(command: Callable[_Parameters, int]) -> Callable[_Parameters, NoReturn]:
    """Turn what a command raises into a message on stderr and an exit code."""

    @functools.wraps(command)
    def run(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> NoReturn:
        try:
            code = command(*args, **kwargs)
            sys.stdout.flush()
        except InputError as error:
            _say_input_error(error)
            code = EXIT_INPUT
        except ServingError as error:
            click.echo(f"error: {error}", err=True)
            redact: Callable[[str], str] = getattr(error, "redact", str)
            _say_trace(error, wanted=bool(kwargs.get("debug")), redact=redact)
            code = EXIT_INTERNAL
        except (KeyboardInterrupt, click.Abort):
            click.echo("interrupted", err=True)
            code = EXIT_INTERRUPTED
        except BrokenPipeError:
            _drop_stdout()
            code = EXIT_BROKEN_PIPE
        except Exception as error:  # noqa: BLE001  (the last place; nothing is swallowed, it is told)
            click.echo(f"internal error: {type(error).__name__}: {error}", err=True)
            _say_trace(error, wanted=bool(kwargs.get("debug")))
            code = EXIT_INTERNAL
        sys.exit(code)

    return run


def _drop_stdout() -> None:
    """Nobody reads; what is still in the buffer must not fail once more at the end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_input_error(error: InputError) -> None:
    for problem in error.problems:
        click.echo(f"error: {problem}", err=True)
    count = len(error.problems)
    click.echo(f"{count} problem{'s' if count != 1 else ''}", err=True)


def _say_trace(error: BaseException, *, wanted: bool, redact: Callable[[str], str] = str) -> None:
    if wanted:
        click.echo(redact("".join(traceback.format_exception(error))), err=True)
    else:
        click.echo("run again with --debug for the trace", err=True)


_project_option = click.option(
    "--project", type=_FOLDER, default=Path(), show_default=".", help="Folder with Pulumi.yaml."
)
_debug_option = click.option("--debug", is_flag=True, help="Show traces of errors.")


@main.command()
@click.option("--stack", required=True, help="Stack to preview, as in Pulumi.STACK.yaml.")
@_project_option
@click.option(
    "--against", metavar="PLAN|REVISION", callback=_not_empty, help="Compare with a saved plan or a git revision."
)
@click.option("--out", type=_FILE, help="Save the plan as JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print plan and comparison as JSON.")
@click.option("--markdown", metavar="FILE|-", callback=_not_empty, help="Write a pull-request comment.")
@click.option("--html", type=_FILE, help="Write one self-contained page.")
@click.option("--sarif", type=_FILE, help="Save the policy findings as SARIF, for code hosts.")
@click.option("--junit", type=_FILE, help="Save the policy findings as JUnit XML, for build servers.")
@click.option("--terraform", type=_FILE, help="Save the AWS part as Terraform plan JSON, for scanners.")
@click.option(
    "--manifests",
    metavar="DIRECTORY",
    type=_File(file_okay=False, path_type=Path),
    help="Save the Kubernetes objects, a folder a cluster.",
)
@click.option("--full", is_flag=True, help="Show every resource.")
@click.option("--policy-pack", type=_FOLDER, help="Policy pack; PROJECT/policies by default.")
@click.option("--policy-pack-config", type=_FILE, help="Levels and parameters, as the Pulumi CLI takes them.")
@click.option("--no-policies", is_flag=True, help="Leave the policies out.")
@_debug_option
@_reports_errors
def preview(**options: Any) -> int:  # noqa: ANN401
    """Show what a stack would be: no cloud account, no Pulumi CLI, no cluster."""
    gc.disable()  # a short life with little garbage; collections would cost a third of it
    _leave_on_signals()
    plan, diff = _make_plan(options)
    _write_plan(plan, diff, options)
    gc.freeze()  # nor is there a reason to look through it all once more at the end
    if plan.duplicates:
        return EXIT_INPUT
    return EXIT_VIOLATION if plan.refused else EXIT_FINE


def _leave_on_signals() -> None:
    """End at once, with what was started; a signal that is ignored, as under `nohup`, stays so."""
    from serving.preview.leaving import leave

    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, leave)


def _make_plan(options: dict[str, Any]) -> tuple[Plan, PlanDiff | None]:
    from serving.preview.session import Request, preview
    from serving.report.progress import progress

    request = Request(
        root=options["project"],
        stack=options["stack"],
        pack=_pack(options),
        policy_config=_pack_config(options["policy_pack_config"]),
    )
    with progress() as say:
        plan = preview(request, say)
        if options["against"] is None:
            return plan, None
        from serving.preview.diff import compare
        from serving.preview.revision import Judging, base_plan

        say(f"preview of {options['against']}")
        judging = Judging(request.pack, options["policy_pack_config"])
        base = base_plan(options["against"], options["project"], options["stack"], judging)
    return plan, compare(base, plan, options["against"])


def _pack(options: dict[str, Any]) -> Path | None:
    """The pack to run: the one that is named, or the project's own if it has one."""
    if options["no_policies"]:
        return None
    named: Path | None = options["policy_pack"]
    own: Path = options["project"] / _PACK_FOLDER
    return (named or (own if own.is_dir() else None)) and (named or own).resolve()


def _pack_config(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError([Problem(str(path), 0, 0, "", f"cannot be read as JSON: {error}")]) from error
    if not isinstance(config, dict):
        raise InputError([Problem(str(path), 0, 0, "", "has to be an object of policies")])
    wrong = [name for name, entry in config.items() if not isinstance(entry, (str, dict))]
    if wrong:
        message = "has to be a level, or an object of `enforcementLevel` and parameters"
        raise InputError([Problem(str(path), 0, 0, name, message) for name in wrong])
    return config


def _write_plan(plan: Plan, diff: PlanDiff | None, options: dict[str, Any]) -> None:
    from serving.preview.plan import write_plan

    if options["out"] is not None:
        write_plan(plan, options["out"])
    if options["terraform"] is not None:
        from serving.preview.terraform import write_terraform

        write_terraform(plan, options["terraform"])
    if options["manifests"] is not None:
        from serving.preview.manifests import write_manifests

        write_manifests(plan, options["manifests"])
    if options["sarif"] is not None:
        from serving.report.document import as_json
        from serving.report.sarif import as_sarif

        _write_text(options["sarif"], as_json(as_sarif(plan, diff, options["project"])))
    if options["junit"] is not None:
        from serving.report.junit import as_junit

        _write_text(options["junit"], as_junit(plan))
    if options["html"] is not None:
        from serving.report.html import as_html

        _write_text(options["html"], as_html(plan, diff))
    if options["markdown"] not in {None, "-"}:
        from serving.report.markdown import as_markdown

        _write_text(Path(options["markdown"]), as_markdown(plan, diff))
    _print_plan(plan, diff, options)


def _print_plan(plan: Plan, diff: PlanDiff | None, options: dict[str, Any]) -> None:
    """One rendering on stdout: JSON, the comment, or the one for people."""
    if options["as_json"]:
        from serving.report.document import as_document, as_json

        click.echo(as_json(as_document(plan, diff)), nl=False)
    elif options["markdown"] == "-":
        from serving.report.markdown import as_markdown

        click.echo(as_markdown(plan, diff), nl=False)
    else:
        from serving.report.terminal import print_plan

        print_plan(plan, diff, full=options["full"])


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError([Problem(str(path), 0, 0, "", f"cannot be written: {error.strerror}")]) from error


@main.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--stack", help="Check the environment of this stack too, and the services in it.")
@_project_option
@_debug_option
@_reports_errors
def check(paths: tuple[Path, ...], stack: str | None, project: Path, debug: bool) -> int:
    """Check blueprints: PATHS are files or folders, PROJECT/blueprints by default."""
    from serving.workspace import load_fleet, load_workspace

    fleet = load_fleet(list(paths) or [project / _BLUEPRINTS_FOLDER])
    said = [f"{len(fleet)} blueprint{'s' if len(fleet) != 1 else ''}"]
    if stack:
        workspace = load_workspace(project, stack)
        said.append(f"stack {stack} with {len(workspace.blueprints)} of them")
    click.echo(f"fine: {', '.join(said)}")
    return EXIT_FINE


@main.command()
@click.argument("document", type=click.Choice(["blueprint", "environment"]), default="blueprint")
@click.option("--out", type=_FILE, help="Write to this file.")
@_debug_option
@_reports_errors
def schema(document: str, out: Path | None, debug: bool) -> int:
    """Print the JSON Schema of a DOCUMENT, for editors."""
    from pydantic import BaseModel

    from serving.blueprint.environment import Environment
    from serving.blueprint.schema import Blueprint

    models: dict[str, type[BaseModel]] = {"blueprint": Blueprint, "environment": Environment}
    text = json.dumps(models[document].model_json_schema(), indent=2, ensure_ascii=False) + "\n"
    if out:
        _write_text(out, text)
    else:
        click.echo(text, nl=False)
    return EXIT_FINE


@main.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(["llm", "embedding", "tabular"]), required=True)
@click.option("--folder", type=_FOLDER, default=Path(_BLUEPRINTS_FOLDER), show_default=True)
@_debug_option
@_reports_errors
def new(name: str, kind: str, folder: Path, debug: bool) -> int:
    """Write the blueprint of a service NAME, to be completed."""
    from serving.blueprint.scaffold import Kind, new_blueprint

    click.echo(f"wrote {new_blueprint(name, Kind(kind), folder)}")
    return EXIT_FINE


@main.command()
@click.option("--stack", help="Stack whose levels and parameters to show; without it, the pack's own.")
@_project_option
@click.option("--policy-pack", type=_FOLDER, help="Policy pack; PROJECT/policies by default.")
@click.option("--rule", metavar="ID", callback=_not_empty, help="Explain this rule.")
@click.option("--coverage", is_flag=True, help="Show which controls of which framework the rules implement.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--markdown", metavar="FILE|-", callback=_not_empty, help="Write rules and controls as tables.")
@_debug_option
@_reports_errors
def policies(**options: Any) -> int:  # noqa: ANN401
    """List the policies, explain one of them, or show what they cover."""
    from serving.preview.session import list_policies

    _leave_on_signals()
    pack = _pack(options | {"no_policies": False})
    if pack is None:
        raise InputError([Problem(str(options["project"]), 0, 0, "", f"has no {_PACK_FOLDER}/")])
    _write_policies(list_policies(options["project"], options["stack"], pack), options)
    return EXIT_FINE


def _write_policies(found: Sequence[PolicyInfo], options: dict[str, Any]) -> None:
    from serving.report import policies as report

    if options["rule"] is not None:
        found = [policy for policy in found if policy.name == options["rule"]] or _no_such_rule(found, options["rule"])
    if options["markdown"] not in {None, "-"}:
        _write_text(Path(options["markdown"]), report.as_policy_markdown(found))
    if options["as_json"]:
        click.echo(report.as_coverage_json(found) if options["coverage"] else report.as_policy_json(found), nl=False)
    elif options["markdown"] is not None:
        if options["markdown"] == "-":
            click.echo(report.as_policy_markdown(found), nl=False)
    elif options["coverage"]:
        report.print_coverage(found)
    elif options["rule"] is not None:
        report.print_policy(found[0])
    else:
        report.print_policies(found)


def _no_such_rule(found: Sequence[PolicyInfo], name: str) -> NoReturn:
    known = tuple(policy.name for policy in found)
    raise InputError([Problem("--rule", 0, 0, "", "the pack has no such rule", value=name, allowed=known)])


@main.command("contract-test")
@click.option("--service", required=True, help="Name of the service, as in its blueprint.")
@click.option("--url", required=True, help="Where it answers, without the contract's path.")
@click.option("--examples", type=click.IntRange(1), default=20, show_default=True, help="Requests a version and kind.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same requests.")
@_project_option
@_debug_option
@_reports_errors
def contract_test(service: str, url: str, examples: int, seed: int, project: Path, debug: bool) -> int:
    """Ask a running service whether it keeps the contract of its blueprint, older versions too."""
    from serving.contract.run import promises_broken_by
    from serving.workspace import load_fleet

    folder = project / _BLUEPRINTS_FOLDER
    contracts = {one.blueprint.name: one.blueprint.contract for one in load_fleet([folder])}
    if service not in contracts:
        known = tuple(sorted(contracts))
        problem = Problem(str(folder), 0, 0, "", "has no such service", value=service, allowed=known)
        raise InputError([problem])
    broken = promises_broken_by(contracts[service], url, examples=examples, seed=seed)
    for promise in broken:
        click.echo(f"broken: {promise}")
    if not broken:
        click.echo(f"fine: {service} keeps its contract")
    return EXIT_VIOLATION if broken else EXIT_FINE
