"""Samples of `trail-guard`."""

from __future__ import annotations

from policies.checks.trail_guard import DETECTOR, FEATURE, HUB, RECORDER, RECORDER_STATUS
from policies.tokens import EKS_CLUSTER, TRAIL
from policies.views import UNKNOWN
from tests.policies.harness import KEY_ARN, Case, Declared, Json, Sample

REGION: Json = {"region": "eu-west-1"}
ROOT = Declared("pulumi:pulumi:Stack", "shop-dev", {})
CLUSTER = Declared(EKS_CLUSTER, "cluster", {"name": "prod", **REGION})
STATUS = Declared(RECORDER_STATUS, "status", {"name": "prod", "isEnabled": True, **REGION})
HUB_HERE = Declared(HUB, "hub", {"enableDefaultStandards": False, **REGION})
MANAGEMENT: Json = {"fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}]}
DATA: Json = {"fieldSelectors": [{"field": "eventCategory", "equals": ["Data"]}]}
WRITES: Json = {"fieldSelectors": [*MANAGEMENT["fieldSelectors"], {"field": "readOnly", "equals": ["false"]}]}


def trail(name: str = "trail", **changes: object) -> Declared:
    stated: Json = {
        "s3BucketName": "acme-trail",
        "isMultiRegionTrail": True,
        "enableLogFileValidation": True,
        "kmsKeyId": KEY_ARN,
        **REGION,
        **changes,
    }
    return Declared(TRAIL, name, stated)


def detector(**changes: object) -> Declared:
    return Declared(DETECTOR, "detector", {"enable": True, "id": "12abc34d567e8f", **REGION, **changes})


def feature(name: str, *, detector_id: object = "12abc34d567e8f", status: str = "ENABLED", agent: str = "") -> Declared:
    extra: Json = {"additionalConfigurations": [{"name": "EKS_ADDON_MANAGEMENT", "status": agent}]} if agent else {}
    return Declared(FEATURE, name, {"detectorId": detector_id, "name": name, "status": status, **REGION, **extra})


def recorder(**group: object) -> Declared:
    return Declared(RECORDER, "recorder", {"name": "prod", "recordingGroup": {"allSupported": True, **group}, **REGION})


AUDIT = feature("EKS_AUDIT_LOGS")
RUNTIME = feature("RUNTIME_MONITORING", agent="ENABLED")
BASELINE = (trail(), detector(), AUDIT, RUNTIME, recorder(), STATUS, HUB_HERE)

SAMPLES = (
    Sample(Case.ALLOWED, "a trail alone", (trail(),)),
    Sample(Case.ALLOWED, "all, with a cluster", (CLUSTER, *BASELINE)),
    Sample(Case.ALLOWED, "a second, narrower trail", (trail(), trail("data", isMultiRegionTrail=False))),
    Sample(Case.ALLOWED, "advanced selectors", (trail(advancedEventSelectors=[DATA, MANAGEMENT]),)),
    Sample(
        Case.ALLOWED, "kept elsewhere", (trail(), recorder(), STATUS), parameters={"elsewhere": ["detector", "hub"]}
    ),
    Sample(
        Case.ALLOWED,
        "a recorder that names what it leaves out",
        (recorder(allSupported=False, exclusionByResourceTypes=[{"resourceTypes": ["AWS::EC2::Volume"]}]), STATUS),
    ),
    Sample(
        Case.RESOLVED,
        "key, detector and recorder by dependency",
        (
            Declared("aws:kms/key:Key", "key", {}),
            Declared(TRAIL, "trail", {**trail().properties, "kmsKeyId": UNKNOWN}, {"kmsKeyId": ("key",)}),
            CLUSTER,
            Declared(DETECTOR, "detector", {"enable": True, **REGION}),
            *(
                Declared(FEATURE, each.name, {**each.properties, "detectorId": UNKNOWN}, {"detectorId": ("detector",)})
                for each in (AUDIT, RUNTIME)
            ),
            recorder(),
            Declared(RECORDER_STATUS, "status", {"name": UNKNOWN, "isEnabled": True}, {"name": ("recorder",)}),
            HUB_HERE,
        ),
    ),
    Sample(Case.DISALLOWED, "one region", (trail(isMultiRegionTrail=False),), ("management events of all regions",)),
    Sample(Case.DISALLOWED, "data events only", (trail(advancedEventSelectors=[DATA]),), ("management events",)),
    Sample(Case.DISALLOWED, "writes only", (trail(advancedEventSelectors=[WRITES]),), ("management events",)),
    Sample(
        Case.DISALLOWED,
        "basic selectors without management events",
        (trail(eventSelectors=[{"includeManagementEvents": False}]),),
        ("management events",),
    ),
    Sample(Case.DISALLOWED, "stopped", (trail(enableLogging=False),), ("enableLogging is false",)),
    Sample(Case.DISALLOWED, "not sealed", (trail(enableLogFileValidation=None),), ("enableLogFileValidation",)),
    Sample(Case.DISALLOWED, "no key", (trail(kmsKeyId=None),), ("kmsKeyId is missing",)),
    Sample(Case.DISALLOWED, "detector off", (detector(enable=False),), ("enable is false",)),
    Sample(
        Case.DISALLOWED,
        "clusters not watched",
        (CLUSTER, detector()),
        ("audit logs of the clusters", "not watched at run time"),
    ),
    Sample(
        Case.DISALLOWED,
        "runtime monitoring without agent",
        (CLUSTER, detector(), AUDIT, feature("RUNTIME_MONITORING")),
        ("does not install its agent",),
    ),
    Sample(
        Case.DISALLOWED,
        "feature off",
        (CLUSTER, detector(), feature("EKS_AUDIT_LOGS", status="DISABLED"), RUNTIME),
        ("audit logs of the clusters",),
    ),
    Sample(Case.DISALLOWED, "recorder not started", (recorder(),), ("no RecorderStatus",)),
    Sample(
        Case.DISALLOWED,
        "recorder stopped",
        (recorder(), Declared(RECORDER_STATUS, "status", {"name": "prod", "isEnabled": False})),
        ("isEnabled is not true",),
    ),
    Sample(
        Case.DISALLOWED, "recorder of some types", (recorder(allSupported=False), STATUS), ("allSupported is false",)
    ),
    Sample(Case.DISALLOWED, "no trail", (ROOT, *BASELINE[1:]), ("declares no CloudTrail trail",)),
    Sample(
        Case.DISALLOWED,
        "a region without detector and recorder",
        (ROOT, *BASELINE, Declared(HUB, "hub-2", {"region": "eu-north-1"})),
        ("no detector (guardduty) in eu-north-1", "no recorder (cfg) in eu-north-1"),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown key does not hide the rest",
        (trail(kmsKeyId=UNKNOWN, enableLogFileValidation=False),),
        ("enableLogFileValidation", "kmsKeyId is not known"),
    ),
    Sample(
        Case.UNKNOWN,
        "a feature of an unknown detector",
        (CLUSTER, detector(), feature("EKS_AUDIT_LOGS", detector_id=UNKNOWN)),
        ("detectorId is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no guard", (CLUSTER,)),
)
