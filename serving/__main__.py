"""`python -m serving`: the same as the `serving` command."""

from __future__ import annotations

from serving.cli import main

if __name__ == "__main__":
    main()
