"""Samples of `kms-key-policy`."""

from __future__ import annotations

import json

from policies.checks.kms_key_policy import KEY_POLICY
from policies.iam import ROLE
from policies.keys import KMS_KEY, KMS_REPLICA_KEY
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

ROOT = {"AWS": "arn:aws:iam::111122223333:root"}
ADMIN = {"AWS": "arn:aws:iam::111122223333:role/platform-admin"}
USE = ["kms:Decrypt", "kms:GenerateDataKey"]
MANAGE = ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CreateAlias"]


def statement(principal: object, action: object, **condition: Json) -> Json:
    found = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}
    return {**found, "Condition": condition} if condition else found


def policy(*statements: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def key(*statements: Json, token: str = KMS_KEY) -> Declared:
    return Declared(token, "k", {"policy": policy(*statements)})


def mapped(*statements: Json) -> Declared:
    return Declared(KEY_POLICY, "p", {"keyId": "k", "policy": {"Statement": list(statements)}})


BARE = Declared(KMS_KEY, "k", {"enableKeyRotation": True})
VIA: Json = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
ACCOUNT: Json = {"StringEquals": {"kms:CallerAccount": "111122223333"}}
STRICT: Json = {"default_policy_allowed": False}

SAMPLES = (
    Sample(Case.ALLOWED, "split and limited", (key(statement(ADMIN, MANAGE), statement(ROOT, USE, **VIA)),)),
    Sample(
        Case.ALLOWED,
        "everybody of the account, through a service",
        (key(statement("*", USE, StringEquals={**ACCOUNT["StringEquals"], **VIA["StringEquals"]})),),
    ),
    Sample(Case.ALLOWED, "named user", (key(statement({"AWS": "arn:aws:iam::111122223333:role/chat"}, USE)),)),
    Sample(
        Case.ALLOWED,
        "logs",
        (key(statement({"Service": "logs.eu-west-1.amazonaws.com"}, USE), token=KMS_REPLICA_KEY),),
    ),
    Sample(Case.ALLOWED, "left to IAM", (BARE, key(statement(ROOT, "kms:*")))),
    Sample(Case.ALLOWED, "denial", (key({**statement("*", "kms:*"), "Effect": "Deny"}),)),
    Sample(
        Case.RESOLVED,
        "role of the same stack",
        (
            Declared(ROLE, "chat", {}),
            Declared(
                KEY_POLICY,
                "p",
                {"keyId": "k", "policy": {"Statement": [statement({"AWS": UNKNOWN}, USE)]}},
                {"policy": ("chat",)},
            ),
        ),
    ),
    Sample(
        Case.RESOLVED,
        "policy of its own",
        (
            BARE,
            Declared(
                KEY_POLICY, "p", {"keyId": UNKNOWN, "policy": policy(statement(ADMIN, MANAGE))}, {"keyId": ("k",)}
            ),
        ),
        parameters=STRICT,
    ),
    Sample(Case.DISALLOWED, "everybody", (mapped(statement("*", USE)),), ("Principal is",)),
    Sample(Case.DISALLOWED, "everybody, in a list", (mapped(statement({"AWS": ["*"]}, USE)),), ("everybody may use",)),
    Sample(
        Case.DISALLOWED,
        "everybody but",
        (mapped({"Effect": "Allow", "NotPrincipal": ROOT, "Action": USE, "Resource": "*"}),),
        ("NotPrincipal allows",),
    ),
    Sample(
        Case.DISALLOWED, "all rights of one role", (mapped(statement(ADMIN, "kms:*")),), ("both administers and uses",)
    ),
    Sample(
        Case.DISALLOWED, "both in one", (mapped(statement(ADMIN, [*MANAGE, *USE])),), ("both administers and uses",)
    ),
    Sample(Case.DISALLOWED, "whole account", (mapped(statement(ROOT, USE)),), ("no condition such as kms:ViaService",)),
    Sample(Case.DISALLOWED, "account twice", (mapped(statement(ROOT, USE, **ACCOUNT)),), ("is a whole account",)),
    Sample(
        Case.DISALLOWED,
        "left to IAM, by parameter",
        (mapped(statement(ROOT, "kms:*")),),
        ("both administers and uses",),
        parameters=STRICT,
    ),
    Sample(Case.DISALLOWED, "default, by parameter", (BARE,), ("policy is missing",), parameters=STRICT),
    Sample(
        Case.UNKNOWN,
        "an unknown statement hides no other",
        (mapped(statement(UNKNOWN, USE), statement("*", USE)),),
        ("Statement[1].Principal is", "Statement[0].Principal is not known"),
    ),
    Sample(Case.UNKNOWN, "unknown policy", (Declared(KMS_KEY, "k", {"policy": UNKNOWN}),), ("policy is not known",)),
    Sample(Case.NOT_APPLICABLE, "no key", (Declared(ROLE, "r", {}),)),
)
