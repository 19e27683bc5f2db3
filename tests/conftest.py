"""Settings of all tests, and what they have to say at the end: lines recorded by `record_property("said", ...)`."""

from __future__ import annotations

import hypothesis
import pytest

# no test judges how long something takes: the machines are shared
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was said, whichever process ran the test."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for key, line in report.user_properties:
                if key == "said":
                    terminalreporter.write_line(str(line))
