"""Rule `tls-s3-policy`: buckets refuse requests without TLS."""

from __future__ import annotations

from typing import Final

from policies.frameworks import S3_5
from policies.iam import one_or_many
from policies.rule import Kind, Outcomes, Parameters, Rule, Severity, Topic, Violation
from policies.tokens import BUCKET
from policies.views import Node, Resource

POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
_EVERY_ACTION: Final = ("*", "s3:*")


def check(bucket: Resource, parameters: Parameters) -> Outcomes:
    """Judge one bucket by its policy."""
    companion = bucket.stack.companions(bucket, POLICY, "bucket").one_or_doubt()
    if companion is None:
        yield Violation("the bucket has no policy")
        return
    document = companion["policy"].document()
    if not any(_refuses_plain_requests(statement) for statement in one_or_many(document["Statement"])):
        yield Violation("no statement of the policy denies everything when aws:SecureTransport is false", companion.urn)


def _refuses_plain_requests(statement: Node) -> bool:
    if statement["Effect"].text() != "Deny" or not _everybody(statement["Principal"]):
        return False
    if not any(action.text() in _EVERY_ACTION for action in one_or_many(statement["Action"])):
        return False
    return _only_without_tls(statement["Condition"]) and _covers_bucket_and_objects(statement["Resource"])


def _everybody(principal: Node) -> bool:
    node = principal["AWS"] if isinstance(principal.raw, dict) else principal
    return any(entry.text() == "*" for entry in one_or_many(node))


def _only_without_tls(condition: Node) -> bool:
    """The one condition is that the request came without TLS; any further one would narrow the refusal."""
    operators = condition.entries()
    if len(operators) != 1 or next(iter(operators)) not in ("Bool", "BoolIfExists"):
        return False
    keys = next(iter(operators.values())).entries()
    if [key.lower() for key in keys] != ["aws:securetransport"]:
        return False
    return all(value.truth() is False for value in one_or_many(next(iter(keys.values()))))


def _covers_bucket_and_objects(resource: Node) -> bool:
    """Both the bucket and its objects are named; of two names, one may be unknown before deployment."""
    entries = one_or_many(resource)
    known = [entry.text() or "" for entry in entries if not entry.unknown]
    unknown = len(entries) - len(known)
    objects = any(text.endswith("*") for text in known)
    whole = any(text == "*" or not text.endswith("/*") for text in known)
    if unknown and len(entries) == 1:
        entries[0].text()  # the only name is not known: nothing can be said
    return (not objects) + (not whole) <= unknown


RULE = Rule(
    id="tls-s3-policy",
    title="Every bucket refuses requests that come without TLS",
    description=(
        "Each bucket has a policy with a statement that denies s3:* to everybody, on the bucket and its objects, "
        "under the only condition that aws:SecureTransport is false. The policy may be JSON text or a mapping; a "
        "text that is built from an ARN which is not known before deployment cannot be judged."
    ),
    effect="objects can be read and changed on the way",
    remedy=(
        "add a BucketPolicy with that statement; write the document as a mapping, or build the ARN from the "
        "bucket's stated name, so that it is known before deployment"
    ),
    topic=Topic.ENCRYPTION_IN_TRANSIT,
    kind=Kind.STACK,
    severity=Severity.HIGH,
    tokens=(BUCKET,),
    parameters=Parameters,
    check=check,
    frameworks=(S3_5,),
)
