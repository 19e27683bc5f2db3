"""What the program in front of a server costs a request: time, as a ratio, and CPU.

Both are asked over loopback in turns, one request after the other, each on one connection, so that what else the
machine does meets both alike. Linux only, because of where CPU time is read. Run it on the machine that matters.

    .venv/bin/python benchmarks/stages.py
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from serving.blueprint.loader import load_blueprints  # noqa: E402
from serving.blueprint.schema import Blueprint  # noqa: E402
from serving.stages.rendering import settings_of  # noqa: E402
from serving.stages.settings import dump  # noqa: E402

SERVER, ENTRY, ADMIN = 18_080, 18_900, 18_901
REQUESTS, WARM_UP = 500, 50
RATE = 120  # requests a second of a replica, as in the blueprint
PAYMENT = {
    "payment_id": "pay-00000001",
    "card_token": "tok-0123456789abcdef",
    "merchant_id": "m-1",
    "amount_cents": 1_999,
    "currency": "EUR",
}

_SERVER = """
import uvicorn
async def app(scope, receive, send):
    while scope["type"] == "http" and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b'{"score":0.1,"decision":"accept","model_version":"1"}'})
uvicorn.run(app, port=%d, log_level="critical", lifespan="off")
"""


def main() -> None:
    """Measure and print."""
    service = _service()
    settings = settings_of(service, server_port=SERVER, readiness_path="/", drain_seconds=1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "settings.json"
        file.write_text(dump(settings), encoding="utf-8")
        program = [sys.executable, "-m", "serving.stages", f"--settings={file}", "--host=127.0.0.1"]
        commands = [
            [sys.executable, "-c", _SERVER % SERVER],
            [*program, f"--port={ENTRY}", f"--admin-port={ADMIN}"],
        ]
        processes = [subprocess.Popen(command, cwd=ROOT) for command in commands]
        try:
            for port in (SERVER, ADMIN):
                _wait(f"http://127.0.0.1:{port}/ready")
            alone, checked, cpu = _measure(processes[1].pid)
        finally:
            for process in processes:
                process.terminate()
                process.wait(10)
    print(f"a request to a server that does nothing: {alone * 1_000:.2f} ms")
    print(f"the same through the program:            {checked * 1_000:.2f} ms, {checked / alone:.1f} times")
    objective_ms = min(service.slo.latency_ms.by_percentile().values())
    share = (checked - alone) * 1_000 / objective_ms
    print(f"what it adds, of the tightest objective ({objective_ms} ms): {share:.0%}")
    print(f"CPU of the program: {cpu * 1_000:.2f} ms a request; {RATE} requests a second take {cpu * RATE:.2f} cores")


def _service() -> Blueprint:
    """The fraud score without the stages that are its own images; no request is lost to a slow machine."""
    loaded = {one.blueprint.name: one.blueprint for one in load_blueprints([ROOT / "blueprints"])}
    document = loaded["fraud-score"].model_dump(mode="json", by_alias=True)
    stages = document["contract"]["stages"]
    for stage in ("features", "delivery"):
        stages[stage]["container"] = None
    stages["inference"]["timeout_ms"] = 20_000
    return Blueprint.model_validate(document)


def _measure(program: int) -> tuple[float, float, float]:
    """Median seconds of a request to the server and through the program, and CPU seconds of the program a request."""
    taken: dict[int, list[float]] = {SERVER: [], ENTRY: []}
    body, headers = json.dumps(PAYMENT).encode(), {"content-type": "application/json"}
    with ExitStack() as stack:
        clients = {port: stack.enter_context(httpx.Client(timeout=30)) for port in taken}
        for index in range(WARM_UP + REQUESTS):
            if index == WARM_UP:
                before = _cpu_seconds(program)
            for port, client in clients.items():
                begun = time.perf_counter()
                client.post(f"http://127.0.0.1:{port}/score", content=body, headers=headers).raise_for_status()
                taken[port].append(time.perf_counter() - begun)
    cpu = (_cpu_seconds(program) - before) / REQUESTS
    return statistics.median(taken[SERVER][WARM_UP:]), statistics.median(taken[ENTRY][WARM_UP:]), cpu


def _cpu_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} does not answer")


if __name__ == "__main__":
    main()
