"""Samples of `tls-s3-policy`."""

from __future__ import annotations

import json

from policies.checks.tls_s3_policy import POLICY
from policies.tokens import BUCKET
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

MODELS = Declared(BUCKET, "models", {"bucket": "acme-models"})
BOTH = ["arn:aws:s3:::acme-models", "arn:aws:s3:::acme-models/*"]


def statement(**changes: object) -> Json:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": BOTH,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        **changes,
    }


def policy(*statements: Json, text: bool = True) -> Declared:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return Declared(
        POLICY, "models-policy", {"bucket": "acme-models", "policy": json.dumps(document) if text else document}
    )


REFUSED = ("no statement of the policy denies",)

SAMPLES = (
    Sample(Case.ALLOWED, "as text", (MODELS, policy(statement()))),
    Sample(Case.ALLOWED, "as mapping", (MODELS, policy(statement(), text=False))),
    Sample(
        Case.ALLOWED,
        "among others",
        (MODELS, policy({"Effect": "Allow"}, statement(Principal={"AWS": "*"}, Action=["s3:*"]))),
    ),
    Sample(
        Case.RESOLVED,
        "mapping with ARNs that are not known yet",
        (
            Declared(BUCKET, "models", {}),
            Declared(
                POLICY,
                "models-policy",
                {"bucket": UNKNOWN, "policy": {"Statement": [statement(Resource=[UNKNOWN, UNKNOWN])]}},
                {"bucket": ("models",), "policy": ("models",)},
            ),
        ),
    ),
    Sample(Case.DISALLOWED, "no policy", (MODELS,), ("the bucket has no policy",)),
    Sample(Case.DISALLOWED, "allows", (MODELS, policy(statement(Effect="Allow"), text=False)), REFUSED),
    Sample(Case.DISALLOWED, "one action", (MODELS, policy(statement(Action="s3:GetObject"), text=False)), REFUSED),
    Sample(Case.DISALLOWED, "one role", (MODELS, policy(statement(Principal={"AWS": "arn:x"}), text=False)), REFUSED),
    Sample(Case.DISALLOWED, "objects only", (MODELS, policy(statement(Resource=BOTH[1:]), text=False)), REFUSED),
    Sample(Case.DISALLOWED, "bucket only", (MODELS, policy(statement(Resource=BOTH[:1]), text=False)), REFUSED),
    Sample(
        Case.DISALLOWED,
        "narrowed by a second condition",
        (
            MODELS,
            policy(
                statement(
                    Condition={
                        "Bool": {"aws:SecureTransport": "false"},
                        "StringEquals": {"aws:PrincipalTag/x": "y"},
                    }
                ),
                text=False,
            ),
        ),
        REFUSED,
    ),
    Sample(
        Case.DISALLOWED,
        "with TLS",
        (MODELS, policy(statement(Condition={"Bool": {"aws:SecureTransport": "true"}}), text=False)),
        REFUSED,
    ),
    Sample(
        Case.DISALLOWED,
        "no JSON",
        (MODELS, Declared(POLICY, "p", {"bucket": "acme-models", "policy": "{"})),
        ("policy is not a JSON document",),
    ),
    Sample(
        Case.UNKNOWN,
        "text that is not known yet",
        (MODELS, Declared(POLICY, "p", {"bucket": "acme-models", "policy": UNKNOWN})),
        ("policy is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no bucket", (policy(),)),
)
