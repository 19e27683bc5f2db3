"""A real MLServer, started as its engine module says, behind the real program: what they answer is the contract."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from components.engines.mlserver import server as engine
from components.engines.server import MODEL_DIRECTORY, SCRATCH_DIRECTORY
from serving.cli import EXIT_FINE, EXIT_INPUT, EXIT_VIOLATION, main
from serving.contract.conformance import broken_promises
from serving.stages.rendering import settings_of
from serving.stages.settings import dump
from serving.telemetry.engines import contract_of
from tests.documents import ROOT, blueprint

ENVIRONMENT = Path(os.environ.get("MLSERVER_ENVIRONMENT", ROOT / ".cache" / "mlserver"))
PYTHON = ENVIRONMENT / "bin" / "python"
pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(not PYTHON.exists(), reason="needs MLServer in .cache/mlserver: run `make contract-test`"),
]
HERE = Path(__file__).parent
EXAMPLES = 8
# the feature and the delivery stage are the service's own images; a slow machine is no other contract
ALONE: dict[str, object] = {
    "contract.stages.features.container": None,
    "contract.stages.delivery.container": None,
    "contract.stages.inference.timeout_ms": 20_000,
}
FRAUD = blueprint("fraud-score", **ALONE)
RENDERED = engine(FRAUD.model, FRAUD.contract, 10)
METRICS = contract_of(FRAUD.model)


@dataclass(frozen=True)
class Running:
    """Where the program answers, where MLServer does by each port it was rendered with, and its model's folder."""

    url: str
    ports: dict[int, int]
    folder: Path

    def engine(self, port: int, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.ports[port]}{path}")


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def running(command: list[str], probe: str, log: Path, **variables: str) -> Iterator[None]:
    with log.open("w") as output:
        environment = {**os.environ, **variables}
        process = subprocess.Popen(command, cwd=log.parent, env=environment, stdout=output, stderr=output)
        try:
            until = time.monotonic() + 300
            while not _answers(probe):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.2)
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=10).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """MLServer with the rendered command and variables, on other ports, and the program in front of it."""
    assert RENDERED.port
    folder = tmp_path_factory.mktemp("mlserver")
    subprocess.run([PYTHON, HERE / "server/train.py", folder / "model.skops"], check=True)
    (folder / "runtime.py").write_text((HERE / "server/runtime.py").read_text())
    parameters = {"uri": str(folder / "model.skops"), "version": FRAUD.model.version}
    model = {"name": FRAUD.model.name, "implementation": "runtime.FraudScore", "parameters": parameters}
    (folder / "model-settings.json").write_text(json.dumps(model))

    rendered_ports = (RENDERED.port, *RENDERED.further_ports.values())
    entry, admin, *free = free_ports(2 + len(rendered_ports))
    ports = dict(zip(rendered_ports, free, strict=True))
    moved = {str(port): str(other) for port, other in ports.items()}
    variables = {
        name: moved.get(value, value.replace(SCRATCH_DIRECTORY, f"{folder}/scratch"))
        for name, value in RENDERED.environment.items()
    }
    arguments = [argument.replace(MODEL_DIRECTORY, str(folder)) for argument in RENDERED.arguments]
    mlserver = [str(PYTHON), str(ENVIRONMENT / "bin" / RENDERED.command[0]), *RENDERED.command[1:], *arguments]

    settings = settings_of(
        FRAUD, server_port=ports[RENDERED.port], readiness_path=RENDERED.readiness_path, drain_seconds=1
    )
    (folder / "stages.json").write_text(dump(settings))
    program = [sys.executable, "-m", "serving.stages", f"--settings={folder / 'stages.json'}", "--host=127.0.0.1"]
    program += [f"--port={entry}", f"--admin-port={admin}"]
    ready = f"http://127.0.0.1:{ports[RENDERED.probe_port]}{RENDERED.readiness_path}"
    with (
        running(mlserver, ready, folder / "mlserver.log", MLSERVER_HOST="127.0.0.1", **variables),
        running(program, f"http://127.0.0.1:{admin}/ready", folder / "stages.log", PYTHONPATH=str(ROOT)),
    ):
        yield Running(f"http://127.0.0.1:{entry}", ports, folder)


def test_a_real_server_behind_the_program_keeps_the_blueprints_contract(service: Running) -> None:
    assert broken_promises(FRAUD.contract, service.url, examples=EXAMPLES) == []


def test_another_request_schema_in_the_blueprint_is_noticed(service: Running) -> None:
    schema = json.loads((ROOT / "blueprints/contracts/fraud-score/request.json").read_text())
    schema["properties"]["currency"]["enum"] = ["CHF"]
    changed = FRAUD.contract.model_copy(update={"request": schema, "supported_versions": ()})
    assert broken_promises(changed, service.url, examples=EXAMPLES) == [
        f"version {FRAUD.contract.version}: a valid request is answered 422"
    ]


def test_another_response_schema_in_the_blueprint_is_noticed(service: Running) -> None:
    schema = {**FRAUD.contract.public_response, "required": ["score", "explanation"]}
    changed = FRAUD.contract.model_copy(update={"response": schema, "supported_versions": ()})
    assert broken_promises(changed, service.url, examples=EXAMPLES) == [
        f"version {FRAUD.contract.version}: an answer is not what the public response says"
    ]


def test_a_server_that_answers_otherwise_is_noticed_in_each_version(service: Running) -> None:
    percent = service.folder / "scale"
    percent.write_text("100")
    try:
        told = broken_promises(FRAUD.contract, service.url, examples=EXAMPLES)
    finally:
        percent.unlink()
    numbers = [FRAUD.contract.version, *(one.version for one in FRAUD.contract.supported_versions)]
    assert told == [f"version {number}: an answer is not what the public response says" for number in numbers]


def test_a_server_that_checks_nothing_is_noticed(service: Running) -> None:
    told = broken_promises(FRAUD.contract, f"http://127.0.0.1:{service.ports[RENDERED.port]}", examples=EXAMPLES)
    assert f"version {FRAUD.contract.version}: an invalid request is answered 200" in told
    assert any("answers don't carry sunset" in one for one in told)


def test_the_running_server_answers_where_the_engine_module_says(service: Running) -> None:
    for path in (RENDERED.liveness_path, RENDERED.readiness_path):
        assert service.engine(RENDERED.probe_port, path).status_code == 200
    for port in RENDERED.further_ports.values():
        socket.create_connection(("127.0.0.1", service.ports[port]), timeout=10).close()


def test_the_metric_contract_names_what_the_running_server_exposes(service: Running) -> None:
    assert METRICS is not None
    assert METRICS.port == RENDERED.further_ports["metrics"]
    exposed = service.engine(METRICS.port, METRICS.path).text
    for series in METRICS.signals.values():
        assert f"# TYPE {series.metric} histogram" in exposed
        assert f"\n{series.metric}_sum " in exposed
        assert f"\n{series.metric}_count " in exposed


@pytest.mark.parametrize(
    ("service_name", "code", "says"),
    [
        ("fraud-score", EXIT_FINE, "keeps its contract"),
        ("embedding", EXIT_VIOLATION, "a valid request is answered 404"),
    ],
)
def test_the_command_says_whether_what_runs_keeps_a_contract(
    service: Running, service_name: str, code: int, says: str
) -> None:
    arguments = ["contract-test", "--service", service_name, "--url", service.url, "--examples", "4"]
    done = CliRunner().invoke(main, [*arguments, "--project", str(ROOT)], catch_exceptions=False)
    assert (done.exit_code, says in done.output) == (code, True), done.output


def test_the_command_says_where_nobody_answers() -> None:
    (port,) = free_ports(1)
    arguments = ["contract-test", "--service", "fraud-score", "--url", f"http://127.0.0.1:{port}"]
    done = CliRunner().invoke(main, [*arguments, "--project", str(ROOT)], catch_exceptions=False)
    assert done.exit_code == EXIT_INPUT
    assert "nobody answers" in done.output
