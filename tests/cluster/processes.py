"""Processes of the control plane: started with a log file, ended with the tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.1


class Process:
    """A program that runs until it is stopped."""

    def __init__(
        self, name: str, command: list[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, env=os.environ | dict(environment or {}), cwd=folder
            )

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
