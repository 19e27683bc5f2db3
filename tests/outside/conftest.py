"""Loads what warns on import."""

from __future__ import annotations

import warnings

import pulumi_aws as aws

# As in tests/components/conftest.py: packages of pulumi-aws that warn of classes which they re-export themselves.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    _LOADED = (aws.ec2.Vpc, aws.lambda_.Function, aws.s3.Bucket)
