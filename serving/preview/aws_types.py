"""The argument classes of pulumi_aws, as a source of facts about its resource types.

Owns the way from a type token to what the installed SDK says of the type's arguments. It judges nothing.
"""

from __future__ import annotations

import warnings
from functools import cache
from importlib import import_module

# Python keywords among module names, and the package's own module.
_MODULES = {"lambda": "pulumi_aws.lambda_", "index": "pulumi_aws"}


@cache
def arguments_of(type_token: str) -> type | None:
    """The class of a type's arguments; None if the installed SDK has no such type.

    Args:
        type_token: Such as `aws:s3/bucket:Bucket`.
    """
    parts = type_token.split(":")
    if len(parts) != 3 or parts[0] != "aws":
        return None
    package = parts[1].partition("/")[0]
    name = parts[2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # packages re-export deprecated classes, and say so
        try:
            resource_class = getattr(import_module(_MODULES.get(package, f"pulumi_aws.{package}")), name)
        except (ImportError, AttributeError):
            return None
    module = import_module(resource_class.__module__)
    # Where an input type is called like the arguments would be, the arguments are called `InitArgs`.
    found: type | None = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args", None)
    return found
