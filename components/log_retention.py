"""How long CloudWatch keeps a log group.

Owns the set of periods that CloudWatch Logs knows, and the rounding to it.
"""

# botocore 1.44.5, logs, shape Days
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


def log_retention_days(at_least: int) -> int:
    """The shortest period that CloudWatch knows and that keeps a promise of `at_least` days.

    Raises:
        ValueError: longer than CloudWatch keeps anything but for ever.
    """
    for days in RETENTION_DAYS:
        if days >= at_least:
            return days
    raise ValueError(f"CloudWatch keeps logs for at most {RETENTION_DAYS[-1]} days, not {at_least}")
