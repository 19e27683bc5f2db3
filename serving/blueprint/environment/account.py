"""What an account has once, whoever makes it."""

from __future__ import annotations

from enum import StrEnum


class ServiceLinkedRole(StrEnum):
    """Roles of AWS services that are not made by switching the service on, by the service's name.

    GuardDuty, Security Hub, Macie, Inspector and EKS make theirs themselves.
    """

    AUTOSCALING = "autoscaling"
    """EC2 Auto Scaling; key policies name it. It is there in an account that ever had an Auto Scaling group."""
    CONFIG = "config"
    """AWS Config. It is there in an account that ever recorded with it."""
