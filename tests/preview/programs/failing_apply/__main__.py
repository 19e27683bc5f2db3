"""An `apply` that raises after the program's body has ended, quoting a secret."""

from __future__ import annotations

import pulumi

SECRET = "correct horse battery staple"


def fail(value: str) -> None:
    """Raise."""
    raise ValueError(f"cannot work with {value}")


thing = pulumi.CustomResource("demo:index:Thing", "thing", {"password": pulumi.Output.secret(SECRET)})
pulumi.Output.secret(SECRET).apply(fail)
