"""Samples of `mr-serving-regions`."""

from __future__ import annotations

from dataclasses import replace

from policies.tokens import EKS_CLUSTER, REGISTRY_REPLICATION, REPOSITORY
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.workloads import deployment


def cluster(region: object, name: str = "") -> Declared:
    return Declared(EKS_CLUSTER, name or f"cluster-{region}", {"region": region})


def copies(*regions: object) -> Declared:
    destinations = [{"region": region, "registryId": "111122223333"} for region in regions]
    settings = {"region": "eu-west-1", "replicationConfiguration": {"rules": [{"destinations": destinations}]}}
    return Declared(REGISTRY_REPLICATION, "copies", settings)


WEST, CENTRAL = cluster("eu-west-1"), cluster("eu-central-1")
IMAGES = Declared(REPOSITORY, "images", {"region": "eu-west-1"})
CHAT = replace(deployment(), name="chat-west", provider="urn:west")
TWIN = replace(deployment(), name="chat-central", provider="urn:central")

SAMPLES = (
    Sample(Case.ALLOWED, "two regions", (WEST, CENTRAL)),
    Sample(Case.ALLOWED, "images in both", (WEST, CENTRAL, IMAGES, copies("eu-central-1"))),
    Sample(Case.ALLOWED, "services in both", (WEST, CENTRAL, CHAT, TWIN)),
    Sample(
        Case.ALLOWED,
        "allowed regions",
        (WEST, CENTRAL),
        parameters={"allowed_regions": ["eu-west-1", "eu-central-1"]},
    ),
    Sample(Case.INSIDE, "regions", (WEST, CENTRAL)),
    Sample(Case.OUTSIDE, "regions", (WEST, cluster("eu-west-1", "second")), ("fewer than 2 regions",)),
    Sample(
        Case.DISALLOWED,
        "another region",
        (WEST, CENTRAL),
        ("not among those that may serve",),
        parameters={"allowed_regions": ["eu-west-1"]},
    ),
    Sample(Case.DISALLOWED, "no images", (WEST, CENTRAL, IMAGES), ("in no registry of a region",)),
    Sample(
        Case.DISALLOWED,
        "images elsewhere",
        (WEST, CENTRAL, IMAGES, copies("eu-north-1")),
        ("in no registry of a region",),
    ),
    Sample(Case.DISALLOWED, "one cluster serves", (WEST, CENTRAL, CHAT), ("fewer than 2 clusters",)),
    Sample(
        Case.UNKNOWN,
        "an unknown region does not hide that one cluster serves",
        (WEST, CENTRAL, cluster(UNKNOWN, "third"), CHAT),
        ("region is not known", "fewer than 2 clusters"),
    ),
    Sample(Case.NOT_APPLICABLE, "no cluster", (IMAGES, CHAT)),
)
