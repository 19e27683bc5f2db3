"""Model serving blueprints: what is not infrastructure. See docs/architecture.md for the map."""
