"""Two resources that the engine could not tell apart: a URN carries types of parents, not their names."""

from __future__ import annotations

import pulumi


class Thing(pulumi.CustomResource):
    """Something."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("demo:index:Thing", name, {}, opts)


class Group(pulumi.ComponentResource):
    """Names its child without its own name."""

    def __init__(self, name: str) -> None:
        super().__init__("demo:index:Group", name)
        Thing("thing", pulumi.ResourceOptions(parent=self))


Group("one")
Group("two")
