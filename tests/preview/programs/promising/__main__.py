"""A service that promises recovery in a stack that deploys nothing for it."""

from __future__ import annotations

import pulumi

PROMISE = {
    "service": "chat",
    "host": "chat.example.com",
    "rto_minutes": 15,
    "rpo_minutes": 60,
    "single_region": False,
    "automatic": True,
    "respond_minutes": 5,
    "peak_replicas": 2,
    "usual_replicas": 1,
    "prewarmed_replicas": 0,
    "cold_start": {"pull_seconds": 60, "load_seconds": 10, "warm_up_seconds": 10},
    "replicas": [],
    "parts": ["model-store"],
}

pulumi.export("recovery", [PROMISE])
