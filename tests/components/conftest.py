"""Fixtures that all component tests share."""

from __future__ import annotations

import warnings

import pulumi_aws as aws
import pytest

from serving.blueprint.tags import OWNERSHIP_KEYS
from tests.components.recorder import Recorder
from tests.components.recorder import record as run_and_record

# These packages of pulumi-aws 7.51 warn on import, of deprecated classes that they re-export. Loaded here,
# once and quietly, so that a deprecation which a test meets later is the component's own, and an error.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    _LOADED = (aws.ec2.Vpc, aws.lambda_.Function, aws.s3.Bucket)  # a first attribute loads the package


@pytest.fixture
def record() -> Recorder:
    """`record(program)` runs a program as a preview would and gives back all that it registered."""
    return run_and_record


@pytest.fixture
def tags() -> dict[str, str]:
    """Ownership tags as `lineage.platform_tags` makes them, with a value of its own for each key."""
    return {key.value: f"{key.value}-value" for key in OWNERSHIP_KEYS}
