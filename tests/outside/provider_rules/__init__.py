"""What AWS and its provider ask of a resource's inputs, each rule a function from a plan to problems.

Owns the list of rules. They read resolved plans (`tests.outside.resolved`) and know nothing of this project's
components; their sources are the argument classes of pulumi_aws, the service models of botocore, and the pages of AWS
that are named beside a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from serving.preview.plan import Plan
from tests.outside.provider_rules import arguments, arns, names, networks, policies, service_models, texts
from tests.outside.provider_rules.problem import Problem

Rule = Callable[[Plan], Iterable[Problem]]

RULES: Mapping[str, Rule] = {
    "required arguments are there": arguments.missing,
    "no argument is unknown": arguments.unknown,
    "values are of the type that the argument takes": arguments.mistyped,
    "values are what the API takes": service_models.refused,
    "texts are finished": texts.unfinished,
    "ARNs are ARNs": arns.malformed,
    "policies are well formed": policies.malformed,
    "policies name actions that exist": policies.unknown_actions,
    "policies fit": policies.too_long,
    "names and tags fit": names.refused,
    "networks are what VPC takes": networks.refused,
}
