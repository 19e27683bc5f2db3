"""Samples of `deprecated-services`."""

from __future__ import annotations

from policies.tokens import BUCKET, CLOUD_CONTROL
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample

MAIL = Declared("aws:workmail/organization:Organization", "mail", {"organizationAlias": "acme"})  # ends on 2027-03-31
RUNNER = Declared("aws:apprunner/service:Service", "api", {"serviceName": "api"})
LEDGER = Declared("aws:qldb/ledger:Ledger", "ledger", {"permissionsMode": "STANDARD"})
SLO = "AWS::ApplicationSignals::ServiceLevelObjective"

SAMPLES = (
    Sample(Case.ALLOWED, "a trail, not a lake", (Declared("aws:cloudtrail/trail:Trail", "trail", {}),)),
    Sample(Case.ALLOWED, "by Cloud Control", (Declared(CLOUD_CONTROL, "slo", {"typeName": SLO}),)),
    Sample(
        Case.ALLOWED,
        "a customer since before",
        (RUNNER,),
        parameters={"existing_customer_of": ["AWS App Runner"]},
    ),
    Sample(Case.INSIDE, "notice", (MAIL,), parameters={"notice_days": 130}),
    Sample(Case.OUTSIDE, "notice", (MAIL,), ("WorkMail ends on 2027-03-31",), parameters={"notice_days": 131}),
    Sample(Case.DISALLOWED, "closed", (RUNNER,), ("App Runner is closed to new customers since 2026-04-30",)),
    Sample(Case.DISALLOWED, "ended", (LEDGER,), ("QLDB ended on 2025-07-31",)),
    Sample(
        Case.DISALLOWED,
        "ended for its customers too",
        (LEDGER,),
        ("QLDB ended",),
        parameters={"existing_customer_of": ["Amazon QLDB"]},
    ),
    Sample(
        Case.DISALLOWED,
        "one type of a service that goes on",
        (Declared("aws:cloudtrail/eventDataStore:EventDataStore", "lake", {}),),
        ("CloudTrail Lake is closed",),
    ),
    Sample(
        Case.DISALLOWED,
        "aws-native",
        (Declared("aws-native:appmesh:Mesh", "mesh", {}),),
        ("App Mesh ended on 2026-09-30",),
    ),
    Sample(
        Case.DISALLOWED,
        "Cloud Control",
        (Declared(CLOUD_CONTROL, "mesh", {"typeName": "AWS::AppMesh::Mesh"}),),
        ("App Mesh ended",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown type",
        (Declared(CLOUD_CONTROL, "any", {"typeName": UNKNOWN}),),
        ("typeName is not known",),
    ),
    Sample(
        Case.NOT_APPLICABLE,
        "services that go on",
        (Declared(BUCKET, "models", {}), Declared("random:index:Id", "id", {})),
    ),
)
