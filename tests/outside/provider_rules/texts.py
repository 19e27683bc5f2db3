"""Whether every text is finished: no output, `None` or placeholder has been formatted into it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from serving.preview.plan import Plan
from tests.outside.provider_rules.problem import Problem, of_aws, problem, texts_of

# What the SDK's outputs look like as text (pulumi 3.272, output.py, `Output.__str__`), and what is left of a
# formatted object.
_UNFINISHED = re.compile(
    r"Calling __str__ on an Output|<pulumi\.output\.Output|<[\w.]+ object at 0x|\bNone\b(?=[/:.\"-]|$)|[/:.\"]None\b"
)


def unfinished(plan: Plan) -> Iterator[Problem]:
    """Texts that quote an object of the program instead of its value."""
    for resource in of_aws(plan):
        for path, text in texts_of(dict(resource.inputs)):
            if found := _UNFINISHED.search(text):
                yield problem(resource, path, f"contains {found.group()!r}")
