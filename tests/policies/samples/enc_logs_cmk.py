"""Samples of `enc-logs-cmk`."""

from __future__ import annotations

from policies.keys import KMS_REPLICA_KEY
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Sample

TOKEN = "aws:cloudwatch/logGroup:LogGroup"

SAMPLES = (
    Sample(Case.ALLOWED, "own key", (Declared(TOKEN, "logs", {"kmsKeyId": KEY_ARN}),)),
    Sample(Case.ALLOWED, "key by alias", (Declared(TOKEN, "logs", {"kmsKeyId": "alias/logs"}),)),
    Sample(
        Case.RESOLVED,
        "replica key of the same stack",
        (
            Declared(KMS_REPLICA_KEY, "key", {}),
            Declared(TOKEN, "logs", {"kmsKeyId": UNKNOWN}, {"kmsKeyId": ("key",)}),
        ),
    ),
    Sample(Case.DISALLOWED, "no key", (Declared(TOKEN, "logs", {}),), ("kmsKeyId is missing",)),
    Sample(
        Case.DISALLOWED,
        "not a key",
        (Declared(TOKEN, "logs", {"kmsKeyId": "a key, please"}),),
        ("which is no KMS key",),
    ),
    Sample(
        Case.UNKNOWN,
        "value of something that is no key",
        (
            Declared("aws:ssm/parameter:Parameter", "name", {}),
            Declared(TOKEN, "logs", {"kmsKeyId": UNKNOWN}, {"kmsKeyId": ("name",)}),
        ),
        ("kmsKeyId is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("aws:cloudwatch/metricAlarm:MetricAlarm", "x", {}),)),
)
