"""Logs, prints, and would like to transform its resources."""

from __future__ import annotations

import sys

import pulumi

sys.stdout.write("to the output\n")
sys.stderr.write("to the errors\n")
pulumi.log.warn("about everything")
thing = pulumi.CustomResource(
    "demo:index:Thing",
    "thing",
    {"password": pulumi.Output.secret("correct horse battery staple")},
    pulumi.ResourceOptions(transforms=[lambda args: None]),
)
pulumi.log.error("the password is correct horse battery staple", thing)
