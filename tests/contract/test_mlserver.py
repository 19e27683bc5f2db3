from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

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
ALONE: dict[str, object] = {
    "contract.stages.features.container": None,
    "contract.stages.delivery.container": None,
    "contract.stages.inference.timeout_ms": 20_000,
}
FRAUD = blueprint("fraud-score", **ALONE)


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
            until = time.monotonic() + 120
            while not _answers(probe):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.2)
            yield
        finally:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def served(folder: Path, *, answer: str = "score") -> Iterator[tuple[str, int]]:
    """The program in front of a real MLServer: its URL, and the port of MLServer's metrics."""
    http, grpc, metrics, entry, admin = free_ports(5)
    subprocess.run([PYTHON, ROOT / "tests/contract/server/train.py", folder / "model.skops"], check=True)
    (folder / "runtime.py").write_text((ROOT / "tests/contract/server/runtime.py").read_text())
    parameters = {"uri": str(folder / "model.skops"), "version": FRAUD.model.version}
    model = {"name": FRAUD.model.name, "implementation": "runtime.FraudScore", "parameters": parameters}
    (folder / "model-settings.json").write_text(json.dumps(model))
    ports = {"http_port": http, "grpc_port": grpc, "metrics_port": metrics}
    (folder / "settings.json").write_text(json.dumps({**ports, "debug": False, "host": "127.0.0.1"}))
    settings = settings_of(FRAUD, server_port=http, readiness_path="/v2/health/ready", drain_seconds=1)
    (folder / "stages.json").write_text(dump(settings))
    mlserver = [str(PYTHON), str(ENVIRONMENT / "bin" / "mlserver"), "start", str(folder)]
    program = [sys.executable, "-m", "serving.stages", f"--settings={folder / 'stages.json'}", "--host=127.0.0.1"]
    program += [f"--port={entry}", f"--admin-port={admin}"]
    ready = f"http://127.0.0.1:{http}/v2/health/ready"
    with (
        running(mlserver, ready, folder / "mlserver.log", TEST_ANSWER=answer),
        running(program, f"http://127.0.0.1:{admin}/ready", folder / "stages.log", PYTHONPATH=str(ROOT)),
    ):
        yield f"http://127.0.0.1:{entry}", metrics


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    with served(tmp_path_factory.mktemp("mlserver")) as started:
        yield started


def test_a_real_server_behind_the_program_keeps_the_blueprints_contract(service: tuple[str, int]) -> None:
    assert broken_promises(FRAUD.contract, service[0]) == []


def test_another_request_schema_in_the_blueprint_is_noticed(service: tuple[str, int]) -> None:
    schema = json.loads((ROOT / "blueprints/contracts/fraud-score/request.json").read_text())
    schema["properties"]["currency"]["enum"].append("CHF")
    changed = FRAUD.contract.model_copy(update={"request": schema})
    assert any("a valid request is answered 422" in told for told in broken_promises(changed, service[0]))


def test_another_response_schema_in_the_blueprint_is_noticed(service: tuple[str, int]) -> None:
    schema = {**FRAUD.contract.public_response, "required": ["score", "explanation"]}
    changed = FRAUD.contract.model_copy(update={"response": schema})
    assert any("not what the public response says" in told for told in broken_promises(changed, service[0]))


def test_a_server_that_answers_otherwise_is_noticed(tmp_path: Path) -> None:
    with served(tmp_path, answer="probability") as (url, _):
        assert any("not what the public response says" in told for told in broken_promises(FRAUD.contract, url))


def test_the_metric_contract_names_what_the_running_server_exposes(service: tuple[str, int]) -> None:
    contract = contract_of(FRAUD.model)
    assert contract is not None
    exposed = httpx.get(f"http://127.0.0.1:{service[1]}{contract.path}").text
    for series in contract.signals.values():
        assert f"{series.metric}_bucket" in exposed or f"\n{series.metric}{{" in exposed
