"""Processes of the control plane: started with a log file, ended with the tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.1
_RESTART_SECONDS = 1.0
"""The kubelet waits ten times as long before the second start."""


class Process:
    """A program that runs until it is stopped.

    Attributes:
        name: Names the log file.
        log: What it writes.
        restarts: How often it ended by itself and was started again.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        kept: bool = False,
    ) -> None:
        """Start it.

        Args:
            name: Names the log file.
            command: Program and arguments.
            folder: Where it runs, and its log is.
            environment: Variables beyond those of the tests.
            kept: Whether it is started again when it ends by itself, as the kubelet does.
        """
        self.name = name
        self.log = folder / f"{name}.log"
        self.restarts = 0
        self._command, self._folder = command, folder
        self._environment = os.environ | dict(environment or {})
        self._stopped = threading.Event()
        self._process = self._start()
        if kept:
            threading.Thread(target=self._keep, daemon=True).start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._command, stdout=log, stderr=subprocess.STDOUT, env=self._environment, cwd=self._folder
            )

    def _keep(self) -> None:
        while True:
            self._process.wait()
            if self._stopped.wait(_RESTART_SECONDS):
                return
            self.restarts += 1
            self._process = self._start()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def tail(self, lines: int = 30) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def wait_until(self, ready: Callable[[], bool], within_seconds: float = 120) -> None:
        """Wait until it answers.

        Raises:
            RuntimeError: It ended, or does not answer in time; with the end of its log.
        """
        end = time.monotonic() + within_seconds
        while time.monotonic() < end:
            if not self.running:
                raise RuntimeError(f"{self.name} ended with {self._process.returncode}:\n{self.tail()}")
            if ready():
                return
            time.sleep(_POLL_SECONDS)
        raise RuntimeError(f"{self.name} is not ready after {within_seconds:g} s:\n{self.tail()}")

    def stop(self) -> None:
        """End it; by force if it does not obey."""
        self._stopped.set()
        if not self.running:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str, client: httpx.Client | None = None) -> Callable[[], bool]:
    """Whether a URL answers with success."""

    def ask() -> bool:
        try:
            return (client or httpx).get(url).is_success
        except httpx.TransportError:
            return False

    return ask
