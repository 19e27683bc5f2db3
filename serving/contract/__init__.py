"""Contract tests: what a service answers, held against what its blueprint promises."""
