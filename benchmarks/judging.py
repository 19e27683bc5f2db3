"""The pack's work without a wire: what the requests in a file ask, answered.

    python benchmarks/judging.py requests.pickle

Owns one measured process of `benchmarks/policies.py`, which writes the file. It starts as the pack's own process does
(the SDK first, as `python -m pulumi.policy` has it), is asked what the pack's own process is asked, in that order, and
ends without clean-up, as a process that is ended by a signal.
"""

from __future__ import annotations

import os
import pickle
import sys
from datetime import date
from pathlib import Path
from typing import Final

import pulumi.runtime  # noqa: F401  (as the pack starts)
from google.protobuf import empty_pb2

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run by path: the project is not on the path

from policies.process import collect_rarely

if __name__ == "__main__":
    collect_rarely()

from pulumi.runtime.proto import analyzer_pb2 as proto

from policies.pack import RULES
from policies.server import Analyzer

TODAY: Final = date(2026, 11, 20)


def main() -> int:
    """Answer all requests; say how many rules judged and how much was found."""
    file = Path(sys.argv[1])
    config, configured, singles, stack = pickle.loads(file.read_bytes())  # noqa: S301  (written a moment ago)
    analyzer = Analyzer(RULES, config, "", lambda: TODAY)
    policies = analyzer.GetAnalyzerInfo(empty_pb2.Empty(), None).policies
    analyzer.Configure(proto.ConfigureAnalyzerRequest.FromString(configured), None)
    found = sum(len(analyzer.Analyze(proto.AnalyzeRequest.FromString(one), None).diagnostics) for one in singles)
    found += len(analyzer.AnalyzeStack(proto.AnalyzeStackRequest.FromString(stack), None).diagnostics)
    print(f"{len(policies)} rules, {found} findings")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
