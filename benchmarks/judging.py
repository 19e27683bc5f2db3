"""The pack's work without a wire: what the requests in a file ask, answered.

    python benchmarks/judging.py requests.pickle

Owns one measured process of `benchmarks/policies.py`, which writes the file. It imports what the pack's own process
imports and nothing else, so that its start-up is the pack's.
"""

from __future__ import annotations

import os
import pickle
import sys
from datetime import date
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run by path: the project is not on the path

from policies.process import prepare

if __name__ == "__main__":
    prepare()

from pulumi.runtime.proto import analyzer_pb2 as proto

from policies.pack import RULES
from policies.server import Analyzer

TODAY: Final = date(2026, 11, 20)


def main() -> int:
    """Answer all requests; say how many rules judged and how much was found."""
    file = Path(sys.argv[1])
    config, singles, stack = pickle.loads(file.read_bytes())  # noqa: S301  (written by the benchmark a moment ago)
    analyzer = Analyzer(RULES, config, "", lambda: TODAY)
    found = sum(len(analyzer.Analyze(proto.AnalyzeRequest.FromString(one), None).diagnostics) for one in singles)
    found += len(analyzer.AnalyzeStack(proto.AnalyzeStackRequest.FromString(stack), None).diagnostics)
    print(f"{len(RULES)} rules, {found} findings")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # nothing is torn down: the engine ends the pack's process by a signal
