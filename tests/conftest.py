"""Settings of all tests."""

from __future__ import annotations

import hypothesis

# no test judges how long something takes: the machines are shared
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
