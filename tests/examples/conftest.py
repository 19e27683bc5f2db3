"""The examples run in this process; the SDK's own warnings on import must not count as theirs."""

from __future__ import annotations

import tests.components.conftest  # noqa: F401  (loads the noisy packages of pulumi-aws quietly, and says why)
