"""How people are told of a finding: one event rule, one readable message, one topic.

Owns the rule and its target. Which findings are worth it is said by the component that finds them.
"""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.options import child_options


def create_finding_alert(
    parent: pulumi.Resource,
    logical_name: str,
    name: str,
    *,
    description: str,
    region: str,
    pattern: Mapping[str, Any],
    paths: Mapping[str, str],
    message: str,
    topic_arn: pulumi.Input[str],
    tags: Mapping[str, str],
) -> None:
    """Send every event that matches a pattern to a topic.

    Args:
        parent: The component that finds.
        logical_name: Pulumi's name of the rule; `-target` is appended for its target.
        name: Physical name of the rule.
        description: What it is for.
        region: Where it is; the topic is in the same region.
        pattern: Which events.
        paths: Word of the message -> path in the event.
        message: What people read; `<word>` stands for what is at its path.
        topic_arn: Who is told; the topic lets `events` publish.
        tags: Tags of the rule.
    """
    rule = aws.cloudwatch.EventRule(
        logical_name,
        name=name,
        description=description,
        event_pattern=json.dumps(pattern),
        region=region,
        tags=dict(tags),
        opts=child_options(parent),
    )
    aws.cloudwatch.EventTarget(
        f"{logical_name}-target",
        rule=rule.name,
        target_id="topic",
        arn=topic_arn,
        input_transformer={"input_paths": dict(paths), "input_template": json.dumps(message)},
        region=region,
        opts=child_options(parent),
    )
