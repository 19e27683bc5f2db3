"""What the program in front of a server costs a request: time with it over time without it.

Both ask the same server over loopback, one request after the other, on one connection. Ratios say more than times:
run it on the machine that matters.

    .venv/bin/python benchmarks/stages.py
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from serving.blueprint.loader import load_blueprints  # noqa: E402
from serving.stages.rendering import settings_of  # noqa: E402
from serving.stages.settings import dump  # noqa: E402

SERVER, ENTRY, ADMIN = 18_080, 18_900, 18_901
REQUESTS, WARM_UP = 500, 50
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


def median_seconds(url: str) -> float:
    """Median time of a request."""
    body = json.dumps(PAYMENT).encode()
    taken = []
    with httpx.Client(timeout=30) as client:
        for index in range(WARM_UP + REQUESTS):
            begun = time.perf_counter()
            client.post(f"{url}/score", content=body, headers={"content-type": "application/json"}).raise_for_status()
            if index >= WARM_UP:
                taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def main() -> None:
    """Measure and print."""
    loaded = {one.blueprint.name: one.blueprint for one in load_blueprints([ROOT / "blueprints"])}
    document = loaded["fraud-score"].model_dump(mode="json", by_alias=True)
    for stage in ("features", "delivery"):
        document["contract"]["stages"][stage]["container"] = None
    service = type(loaded["fraud-score"]).model_validate(document)
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
            alone = median_seconds(f"http://127.0.0.1:{SERVER}")
            checked = median_seconds(f"http://127.0.0.1:{ENTRY}")
        finally:
            for process in processes:
                process.terminate()
                process.wait(10)
    print(f"a request to a server that does nothing: {alone * 1_000:.2f} ms")
    print(f"the same through the program:            {checked * 1_000:.2f} ms, {checked / alone:.1f} times")
    objective_ms = min(service.slo.latency_ms.by_percentile().values())
    share = (checked - alone) * 1_000 / objective_ms
    print(f"what it adds, of the tightest objective ({objective_ms} ms): {share:.0%}")


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
