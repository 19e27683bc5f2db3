"""Prices of machines by the hour.

Owns a small table of list prices and how a size is priced. A table grows old: a stack overrides it by a
parameter of the rule that asks. It knows no discount, no spot price and no region but one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# On-demand, Linux, us-east-1, US dollars an hour: aws/karpenter-provider-aws at 031e72b,
# pkg/providers/pricing/zz_generated.pricing_aws.go, generated from the AWS price list on 2026-01-19, read 2026-11.
# Families whose price follows their size: the price of `xlarge`.
_PER_XLARGE: Final = {
    "c5": 0.17,
    "c6a": 0.153,
    "c6g": 0.136,
    "c6i": 0.17,
    "c7a": 0.20528,
    "c7g": 0.145,
    "c7i": 0.1785,
    "c8g": 0.15952,
    "m5": 0.192,
    "m5a": 0.172,
    "m6a": 0.1728,
    "m6g": 0.154,
    "m6i": 0.192,
    "m7a": 0.23184,
    "m7g": 0.1632,
    "m7i": 0.2016,
    "m8g": 0.17952,
    "r5": 0.252,
    "r6g": 0.2016,
    "r6i": 0.252,
    "r7g": 0.2142,
    "r7i": 0.2646,
    "r8g": 0.23564,
    "t3": 0.1664,
    "t3a": 0.1504,
    "t4g": 0.1344,
}
# Families whose price follows their accelerators: type by type.
_BY_TYPE: Final = {
    "g4dn.xlarge": 0.526,
    "g4dn.2xlarge": 0.752,
    "g4dn.4xlarge": 1.204,
    "g4dn.8xlarge": 2.176,
    "g4dn.12xlarge": 3.912,
    "g4dn.16xlarge": 4.352,
    "g5.xlarge": 1.006,
    "g5.2xlarge": 1.212,
    "g5.4xlarge": 1.624,
    "g5.8xlarge": 2.448,
    "g5.12xlarge": 5.672,
    "g5.16xlarge": 4.096,
    "g5.24xlarge": 8.144,
    "g5.48xlarge": 16.288,
    "g6.xlarge": 0.8048,
    "g6.2xlarge": 0.9776,
    "g6.4xlarge": 1.3232,
    "g6.8xlarge": 2.0144,
    "g6.12xlarge": 4.6016,
    "g6.16xlarge": 3.3968,
    "g6.24xlarge": 6.6752,
    "g6.48xlarge": 13.3504,
    "g6e.xlarge": 1.861,
    "g6e.2xlarge": 2.24208,
    "g6e.4xlarge": 3.00424,
    "g6e.8xlarge": 4.52856,
    "g6e.12xlarge": 10.49264,
    "g6e.16xlarge": 7.57719,
    "g6e.24xlarge": 15.06559,
    "g6e.48xlarge": 30.13118,
    "inf2.xlarge": 0.7582,
    "inf2.8xlarge": 1.96786,
    "inf2.24xlarge": 6.49063,
    "inf2.48xlarge": 12.98127,
    "p4d.24xlarge": 21.957642,
    "p4de.24xlarge": 27.44705,
    "p5.4xlarge": 6.88,
    "p5.48xlarge": 55.04,
    "p5en.48xlarge": 63.296,
    "trn1.2xlarge": 1.34375,
    "trn1.32xlarge": 21.5,
}
_SIZES: Final = {"nano": 1 / 32, "micro": 1 / 16, "small": 1 / 8, "medium": 1 / 4, "large": 1 / 2}
_XLARGE: Final = re.compile(r"(\d{0,3})xlarge", re.ASCII)
_VCPUS_PER_XLARGE: Final = 4
_CATEGORY: Final = re.compile(r"([a-z]+)", re.ASCII)

HOURS_A_MONTH: Final = 730  # as AWS bills and quotes a month (AWS pricing calculator, read 2026-11)


def usd_per_hour(instance_type: str, stated: Mapping[str, float]) -> float | None:
    """List price of a type, what is stated first; None if nobody knows it."""
    if instance_type in stated:
        return stated[instance_type]
    if instance_type in _BY_TYPE:
        return _BY_TYPE[instance_type]
    family, _, name = instance_type.partition(".")
    size = _size(name)
    return _PER_XLARGE[family] * size if family in _PER_XLARGE and size else None


def vcpus(instance_type: str) -> float | None:
    """Virtual CPUs of a type by its size; None for sizes such as `metal`."""
    size = _size(instance_type.rpartition(".")[2])
    return size * _VCPUS_PER_XLARGE if size else None


def usd_per_vcpu_hour(family: str) -> float | None:
    """Highest list price of one CPU in a family, or else in its whole category (its letters); None if unknown."""
    category = _CATEGORY.match(family)
    known = _per_vcpu()
    exact = known.get(family)
    if exact is not None or category is None:
        return exact
    letters = category[1]
    alike = [price for name, price in known.items() if (found := _CATEGORY.match(name)) and found[1] == letters]
    return max(alike, default=None)


def _per_vcpu() -> dict[str, float]:
    result = {family: price / _VCPUS_PER_XLARGE for family, price in _PER_XLARGE.items()}
    for name, price in _BY_TYPE.items():
        family = name.partition(".")[0]
        result[family] = max(result.get(family, 0.0), price / (vcpus(name) or 1.0))
    return result


def _size(name: str) -> float | None:
    """How many times an `xlarge` a size is."""
    if name in _SIZES:
        return _SIZES[name]
    matched = _XLARGE.fullmatch(name)
    return float(matched[1] or 1) if matched else None
