"""The shipped stacks, made in moto."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws

from components.serving_platform import ServingPlatform
from serving.blueprint.environment import Environment
from serving.workspace import load_workspace
from tests.components.recorder import record
from tests.documents import ROOT, environment_document
from tests.moto.apply import ACCOUNT, MotoMonitor


def make(stack: str, monitor_class: type[MotoMonitor] = MotoMonitor) -> MotoMonitor:
    """Run the stack's program against moto, which must be active; the account is moto's."""
    document = environment_document(stack)
    text = json.dumps(document).replace(str(document["account_id"]), ACCOUNT)
    environment = Environment.model_validate(json.loads(text))
    blueprints = list(load_workspace(ROOT, stack).blueprints)
    monitor = monitor_class(environment.home_region.name)
    if zone := environment.hosted_zone.id:  # a zone from outside is there already, under a name that moto chooses
        made = boto3.client("route53").create_hosted_zone(Name=environment.domain, CallerReference="outside")
        monitor.outside[zone] = made["HostedZone"]["Id"].rpartition("/")[2]

    def program() -> None:
        provider = aws.Provider("aws", region=environment.home_region.name)
        args: Any = {"environment": environment, "blueprints": blueprints}
        ServingPlatform("serving", args, pulumi.ResourceOptions(providers=[provider]))

    record(program, monitor)
    return monitor
