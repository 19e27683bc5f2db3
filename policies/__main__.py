"""Where the engine starts the pack: builds the one analyzer and serves it. Nothing imports this module."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path


def _import_from_parent() -> None:
    """Import the pack as `policies`, whether from a checkout or from an installed package.

    The engine starts Python in this folder and runs it by path, so the folder itself is on the path and its
    modules could shadow others; what has to be there is the folder around it.
    """
    folder = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != folder]
    if str(folder.parent) not in sys.path:
        sys.path.insert(0, str(folder.parent))


def main() -> None:
    """Serve the pack. The clock is read once for each analysis, here and nowhere else."""
    from policies.process import collect_rarely

    collect_rarely()
    from policies.pack import RULES, version
    from policies.server import Analyzer, configuration, serve

    serve(Analyzer(RULES, configuration(os.environ), version(), lambda: datetime.now(tz=UTC).date()))


if __name__ == "__main__":
    _import_from_parent()
    main()
