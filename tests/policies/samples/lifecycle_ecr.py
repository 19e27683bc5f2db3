"""Samples of `lifecycle-ecr`."""

from __future__ import annotations

import json

from policies.checks.lifecycle_ecr import POLICY, TEMPLATE
from policies.tokens import REPOSITORY
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

IMAGES = Declared(REPOSITORY, "images", {"name": "serving/llm"})


def rule(priority: int, status: str = "tagged", days: int = 0, images: int = 0, **selection: object) -> Json:
    count: Json = {"countType": "imageCountMoreThan", "countNumber": images}
    if days:
        count = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    return {
        "rulePriority": priority,
        "selection": {"tagStatus": status, **count, **selection},
        "action": {"type": "expire"},
    }


def document(*rules: Json) -> str:
    return json.dumps({"rules": list(rules)})


def policy(*rules: Json) -> Declared:
    return Declared(POLICY, "policy", {"repository": "serving/llm", "policy": document(*rules)})


def template(*applied: str, text: object = None) -> Declared:
    settings = {"prefix": "cache", "appliedFors": list(applied), "lifecyclePolicy": text}
    return Declared(TEMPLATE, "template", settings)


KEEP = rule(1, images=1000, tagPrefixList=["release-", "v", "prod-"])
UNTAGGED = rule(2, "untagged", days=7)
OLD = rule(3, "any", days=180)

SAMPLES = (
    Sample(Case.ALLOWED, "releases are kept", (IMAGES, policy(KEEP, UNTAGGED))),
    Sample(Case.ALLOWED, "what is left expires", (IMAGES, policy(OLD, UNTAGGED, KEEP))),
    Sample(Case.ALLOWED, "candidates expire", (IMAGES, policy(rule(1, days=30, tagPrefixList=["candidate-"])))),
    Sample(
        Case.ALLOWED,
        "patterns",
        (IMAGES, policy(rule(1, images=90, tagPatternList=["*"]), OLD)),
    ),
    Sample(Case.ALLOWED, "archived", (IMAGES, policy({**OLD, "action": {"type": "transition"}}))),
    Sample(
        Case.RESOLVED,
        "repository of the same stack",
        (
            Declared(REPOSITORY, "images", {}),
            Declared(POLICY, "p", {"repository": UNKNOWN, "policy": document(KEEP)}, {"repository": ("images",)}),
        ),
    ),
    Sample(Case.ALLOWED, "a cache forgets", (template("PULL_THROUGH_CACHE", text=document(OLD)),)),
    Sample(Case.ALLOWED, "replicas", (template("REPLICATION", text=document(KEEP)),)),
    Sample(Case.INSIDE, "images", (IMAGES, policy(rule(1, "any", images=30)))),
    Sample(
        Case.OUTSIDE,
        "images",
        (IMAGES, policy(rule(1, "any", images=29))),
        ("all but 29 images with tags such as release-", "such as v", "such as prod-"),
    ),
    Sample(Case.DISALLOWED, "no policy", (IMAGES,), ("no lifecycle policy",)),
    Sample(Case.DISALLOWED, "no rules", (IMAGES, policy()), ("has no rules",)),
    Sample(
        Case.DISALLOWED,
        "releases grow old",
        (IMAGES, policy(rule(1, days=90, tagPrefixList=["release"]))),
        ("expires images by their age with tags such as release-*",),
    ),
    Sample(
        Case.DISALLOWED,
        "some releases grow old",
        (IMAGES, policy(rule(1, days=90, tagPatternList=["release-2025*"]))),
        ("expires images by their age with tags such as release-*",),
    ),
    Sample(
        Case.DISALLOWED,
        "the later rule keeps nothing",
        (IMAGES, policy(rule(1, "any", days=180), {**KEEP, "rulePriority": 2})),
        ("such as release-", "such as v", "such as prod-"),
    ),
    Sample(Case.DISALLOWED, "a template without", (template("REPLICATION"),), ("lifecyclePolicy is missing",)),
    Sample(
        Case.DISALLOWED,
        "replicas forget",
        (template("REPLICATION", "PULL_THROUGH_CACHE", text=document(OLD)),),
        ("such as release-", "such as v", "such as prod-"),
    ),
    Sample(
        Case.UNKNOWN,
        "unknown policy",
        (IMAGES, Declared(POLICY, "policy", {"repository": "serving/llm", "policy": UNKNOWN})),
        ("policy is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no repository of the stack", (policy(KEEP),)),
)
