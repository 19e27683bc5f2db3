"""Fixtures of the preview's tests."""

from __future__ import annotations

import warnings

import pulumi_aws as aws
import pytest

from serving.preview.plan import Plan
from tests.preview.samples import preview_of

# These packages of pulumi-aws warn on import, of deprecated classes that they re-export. Loaded once, quietly,
# so that the warning does not become an error inside of a program.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    _LOADED = (aws.ec2.Vpc, aws.iam.Role, aws.kms.Key, aws.rds.Instance, aws.s3.Bucket, aws.ssm.Parameter)


@pytest.fixture(scope="session")
def platform() -> Plan:
    """The plan of the program that has everything."""
    return preview_of("platform")
