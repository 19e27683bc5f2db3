"""The command line: exit codes, where output goes, and what is not imported."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from serving import __version__
from serving.cli import main
from serving.preview.plan import read_plan
from tests.preview.samples import PACKS, PROGRAMS, SECRET

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("pulumi", "pulumi_aws", "boto3", "matplotlib", "grpc", "rich", "jinja2")


@pytest.fixture(autouse=True)
def process() -> Iterator[None]:
    """A command may do as it likes with its process; this one goes on."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    gc.unfreeze()
    gc.enable()


def serving(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)


def preview(program: str, *arguments: str | Path) -> Result:
    return serving("preview", "--stack", "dev", "--project", PROGRAMS / program, *arguments)


def test_a_plan_without_violations_exits_with_0() -> None:
    done = preview("platform", "--policy-pack", PACKS / "demo")
    assert done.exit_code == 0
    assert "fine: no mandatory violation" in done.stdout


def test_a_mandatory_violation_exits_with_1_and_names_rule_resource_and_remedy(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"named": {"prefix": "other-"}}')
    done = preview("platform", "--policy-pack", PACKS / "demo", "--policy-pack-config", config)
    assert done.exit_code == 1
    assert all(word in done.stdout for word in ("named", "models-bucket", "rename the bucket", "refused"))


def test_a_promise_of_recovery_that_the_plan_breaks_exits_with_1_and_says_why() -> None:
    done = preview("promising", "--no-policies")
    assert done.exit_code == 1
    assert "refused: 2 promises of recovery not kept" in done.stdout
    assert "chat, region lost: there is no second region to serve from" in done.stdout
    assert "no copy to go back to" in done.stdout


def test_bad_input_exits_with_2_and_tells_every_problem_on_stderr() -> None:
    done = preview("refusing")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "blueprints/chat.yaml:12:3: scaling.max: is below scaling.min" in done.stderr


def test_a_urn_taken_twice_exits_with_2_and_still_shows_the_plan() -> None:
    done = preview("duplicates")
    assert done.exit_code == 2
    assert "invalid: 1 URN is taken more than once" in done.stdout


@pytest.mark.parametrize("program", ["broken", "failing_apply"])
def test_a_failing_program_exits_with_3_and_shows_a_trace_only_on_demand(program: str) -> None:
    short, long = preview(program), preview(program, "--debug")
    assert (short.exit_code, long.exit_code) == (3, 3)
    assert "Traceback" not in short.stderr
    assert "__main__.py" in short.stderr
    assert "Traceback" in long.stderr
    assert SECRET not in short.stderr + long.stderr


def test_a_dying_pack_exits_with_3() -> None:
    done = preview("duplicates", "--policy-pack", PACKS / "dies")
    assert done.exit_code == 3
    assert "no such luck" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--against", "no-such-revision"],
        ["--out", "missing/plan.json"],
        ["--html", "missing/plan.html"],
        ["--sarif", "missing/plan.sarif"],
        ["--junit", "missing/plan.xml"],
        ["--policy-pack-config", "missing.json"],
    ],
)
def test_a_wrong_option_value_exits_with_2(arguments: list[str]) -> None:
    done = preview("broken" if "--policy-pack-config" in arguments else "duplicates", *arguments)
    assert done.exit_code == 2
    assert "1 problem" in done.stderr


@pytest.mark.parametrize(
    "option", ["--against", "--out", "--html", "--markdown", "--sarif", "--junit", "--policy-pack-config"]
)
def test_an_empty_option_value_exits_with_2(option: str) -> None:
    done = preview("duplicates", option, "")
    assert done.exit_code == 2
    assert f"'{option}'" in done.stderr
    assert "is empty" in done.stderr


@pytest.mark.parametrize("config", ['{"all": 3}', '{"named": ["x"]}'])
def test_a_pack_configuration_of_a_wrong_shape_exits_with_2_and_names_the_file(config: str, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(config)
    done = preview("platform", "--policy-pack", PACKS / "demo", "--policy-pack-config", path)
    assert done.exit_code == 2
    assert str(path) in done.stderr


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt, 130), (BrokenPipeError, 141)])
def test_what_ends_a_command_from_outside_is_no_violation(
    error: type[BaseException], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr("serving.workspace.load_fleet", fail)
    assert serving("check").exit_code == code


def test_a_reader_that_goes_away_ends_it_with_141() -> None:
    read, write = os.pipe()
    os.close(read)
    command = ["preview", "--stack", "dev", "--project", str(PROGRAMS / "platform"), "--full"]
    for extra in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "serving", *command, *extra],
            cwd=ROOT,
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == 141
        assert "BrokenPipe" not in done.stderr
    os.close(write)


def test_an_output_that_cannot_take_every_character_gets_the_rest() -> None:
    command = ["preview", "--stack", "dev", "--project", str(PROGRAMS / "platform")]
    for extra in ([], ["--markdown", "-"]):
        done = subprocess.run(
            [sys.executable, "-m", "serving", *command, *extra],
            cwd=ROOT,
            env=os.environ | {"PYTHONIOENCODING": "ascii"},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0
        assert b"no policy was checked" in done.stdout


def test_every_output_is_written_and_none_holds_a_secret(tmp_path: Path) -> None:
    html, markdown, plan = tmp_path / "p.html", tmp_path / "p.md", tmp_path / "p.json"
    sarif, junit = tmp_path / "p.sarif", tmp_path / "p.xml"
    files: list[str | Path] = [
        "--html",
        html,
        "--markdown",
        markdown,
        "--out",
        plan,
        "--sarif",
        sarif,
        "--junit",
        junit,
    ]
    done = preview("platform", "--policy-pack", PACKS / "demo", *files, "--json", "--full")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["plan"] == json.loads(plan.read_text())
    assert json.loads(done.stdout)["diff"] is None
    for path in tmp_path.iterdir():
        assert "models-bucket" in path.read_text() or path in {markdown, sarif, junit}
        assert SECRET not in path.read_text()
    assert SECRET not in done.output


def test_findings_are_saved_for_code_hosts_and_build_servers(tmp_path: Path) -> None:
    sarif, junit, config = tmp_path / "p.sarif", tmp_path / "p.xml", tmp_path / "config.json"
    config.write_text('{"named": {"prefix": "other-"}}')
    arguments: list[str | Path] = ["--policy-pack", PACKS / "demo", "--policy-pack-config", config]
    assert preview("platform", *arguments, "--sarif", sarif, "--junit", junit).exit_code == 1
    results = json.loads(sarif.read_text())["runs"][0]["results"]
    physical = [one["locations"][0]["physicalLocation"] for one in results if one["ruleId"] == "named"]
    assert {one["artifactLocation"]["uri"] for one in physical} == {"tests/preview/programs/platform/__main__.py"}
    assert all((ROOT / one["artifactLocation"]["uri"]).is_file() for one in physical)
    assert junit.read_text().count("<failure ") == 2


def test_the_findings_of_a_saved_plan_are_compared(tmp_path: Path) -> None:
    path, config = tmp_path / "plan.json", tmp_path / "config.json"
    config.write_text('{"named": {"prefix": "other-"}}')
    preview("platform", "--policy-pack", PACKS / "demo", "--out", path)
    arguments: list[str | Path] = ["--policy-pack", PACKS / "demo", "--policy-pack-config", config, "--against", path]
    assert "2 new, 0 resolved, 2 as before" in preview("platform", *arguments).stdout


def test_the_comment_can_be_printed() -> None:
    assert preview("platform", "--markdown", "-").stdout.startswith("### ")


def test_a_saved_plan_serves_as_the_base(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    preview("platform", "--out", path)
    done = preview("platform", "--against", path, "--json")
    assert json.loads(done.stdout)["diff"]["resources"] == []


def test_two_runs_write_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        command = ["preview", "--stack", "dev", "--project", str(PROGRAMS / "platform"), "--out", str(tmp_path / seed)]
        subprocess.run(
            [sys.executable, "-m", "serving", *command],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert read_plan(tmp_path / "1").project == "platform"


def test_no_policies_means_none() -> None:
    done = serving("preview", "--stack", "dev", "--project", PROGRAMS / "platform", "--no-policies")
    assert done.exit_code == 0
    assert "no policy was checked" in done.stdout


def test_policies_are_listed() -> None:
    arguments: list[str | Path] = ["--stack", "dev", "--project", PROGRAMS / "duplicates"]
    arguments += ["--policy-pack", PACKS / "demo"]
    assert "named  mandatory" in serving("policies", *arguments).stdout
    assert json.loads(serving("policies", *arguments, "--json").stdout)[0]["name"] == "named"


def policies(*arguments: str) -> Result:
    return serving("policies", "--project", ROOT, *arguments)


def test_a_rule_is_explained_with_its_parameters_and_controls_without_a_stack() -> None:
    out = " ".join(policies("--rule", "imds-v2-hop1").stdout.split())
    wanted = ("imds-v2-hop1 mandatory", "remedy: set httpTokens", "parameter maximum_hops: 1 ", "Practices EC2.8")
    assert all(text in out for text in wanted)
    done = policies("--rule", "imds")
    assert done.exit_code == 2
    assert "imds-v2-hop1" in done.stderr


def test_a_stack_has_levels_and_parameters_of_its_own() -> None:
    found = json.loads(policies("--rule", "mr-serving-regions", "--stack", "dev", "--json").stdout)
    assert found[0]["level"] == "disabled"
    assert json.loads(policies("--rule", "mr-serving-regions", "--json").stdout)[0]["level"] != "disabled"


def test_coverage_lists_every_checked_control_and_no_other() -> None:
    from policies.frameworks import CONTROLS

    found = json.loads(policies("--coverage", "--json").stdout)
    listed = {(one["framework"], control["control"]) for one in found for control in one["controls"]}
    assert listed <= {(control.framework.value, control.id) for control in CONTROLS}
    assert all(control["rules"] for one in found for control in one["controls"])
    assert "implement no control" in policies("--coverage").stdout


def test_rules_and_controls_are_written_as_tables(tmp_path: Path) -> None:
    path = tmp_path / "rules.md"
    assert policies("--markdown", str(path)).stdout == ""
    assert policies("--markdown", "-").stdout == path.read_text()
    assert "| AWS Foundational Security Best Practices | EC2.8 | `imds-v2-hop1` |" in path.read_text()


def test_a_pack_without_a_project_around_it_is_listed(tmp_path: Path) -> None:
    done = serving("policies", "--project", tmp_path, "--policy-pack", PACKS / "demo", "--json")
    assert [policy["name"] for policy in json.loads(done.stdout)] == ["named", "telling", "counting", "tagged"]


@pytest.mark.parametrize("command", [["--help"], ["preview", "--help"], ["check", "blueprints"]])
def test_help_and_check_start_without_anything_heavy(command: list[str]) -> None:
    script = (
        "import sys\nfrom serving.cli import main\n"
        f"try:\n    main({command!r})\nfinally:\n"
        f"    print('heavy:', [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "heavy: []")


def test_check_tells_what_is_fine_and_what_is_not(tmp_path: Path) -> None:
    assert serving("check", ROOT / "blueprints").stdout == "fine: 3 blueprints\n"
    (tmp_path / "wrong.yaml").write_text("schema: 1\nnmae: x\n")
    done = serving("check", tmp_path)
    assert done.exit_code == 2
    assert "wrong.yaml" in done.stderr


def test_check_takes_a_stack_too() -> None:
    assert "stack dev" in serving("check", "--stack", "dev", "--project", ROOT).stdout


@pytest.mark.parametrize("document", ["blueprint", "environment"])
def test_a_schema_is_json_schema(document: str, tmp_path: Path) -> None:
    printed = serving("schema", document)
    assert json.loads(printed.stdout)["type"] == "object"
    serving("schema", document, "--out", tmp_path / "s.json")
    assert (tmp_path / "s.json").read_text() == printed.stdout


def test_a_new_blueprint_checks(tmp_path: Path) -> None:
    done = serving("new", "search", "--kind", "embedding", "--folder", tmp_path)
    assert done.exit_code == 0
    assert serving("check", tmp_path).exit_code == 0
    assert serving("new", "search", "--kind", "embedding", "--folder", tmp_path).exit_code == 2


def test_the_module_runs_as_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serving", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "preview" in done.stdout


def test_the_version_is_told_also_where_the_package_is_not_installed() -> None:
    script = (
        "import importlib.metadata, runpy, sys\n"
        "importlib.metadata.distribution = importlib.metadata.version = None\n"
        "sys.argv = ['serving', '--version']\n"
        "runpy.run_module('serving', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{__version__}\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ending_the_command_ends_the_pack(number: signal.Signals, tmp_path: Path) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip(f"these tests run where {number.name} is ignored, and so would the command")
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("")
    (tmp_path / "__main__.py").write_text("import sys, time\nopen('running', 'w').close()\ntime.sleep(60)\n")
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (pack / "__main__.py").write_text("import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    command = ["preview", "--stack", "dev", "--project", str(tmp_path), "--policy-pack", str(pack)]
    running = subprocess.Popen(
        [sys.executable, "-m", "serving", *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not ((tmp_path / "running").exists() and (pack / "pid").exists() and (pack / "pid").read_text()):
        assert running.poll() is None
        signal.sigtimedwait([], 0.05)
    running.send_signal(number)
    assert running.wait(30) == 128 + number
    with pytest.raises(ProcessLookupError):
        os.kill(int((pack / "pid").read_text()), 0)


def test_a_contract_test_of_a_service_that_nobody_wrote_names_those_that_are_there() -> None:
    done = serving("contract-test", "--service", "fraud", "--url", "http://127.0.0.1:1", "--project", ROOT)
    assert done.exit_code == 2
    assert all(word in done.stderr for word in ("has no such service", "fraud-score"))


def test_a_contract_test_without_its_packages_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.contract.run.find_spec", lambda name: None)
    done = serving("contract-test", "--service", "fraud-score", "--url", "http://127.0.0.1:1", "--project", ROOT)
    assert done.exit_code == 2
    assert "serving-blueprints[contract]" in done.stderr
