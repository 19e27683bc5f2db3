"""Prints the mutation score: `python -m tests.policies.mutation [WORD...] [--all]`."""

from __future__ import annotations

import sys

from tests.policies.mutation.score import score


def main(arguments: list[str]) -> int:
    """Score, print, judge. Words choose faults by name or rule; `--all` lists every mutant and who found it."""
    words = [argument for argument in arguments if not argument.startswith("--")]
    result = score(words=words)
    for verdict in result.verdicts if "--all" in arguments else ():
        sys.stdout.write(f"{verdict.mutant.name}: {', '.join(sorted(verdict.found)) or 'nobody'}\n")
    problems = [line for line in result.problems() if not words or "no mutant exercises" not in line]
    sys.stdout.write("\n".join([*result.lines(), *(f"wrong: {line}" for line in problems)]) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
