"""Samples of `iam-no-wildcards`."""

from __future__ import annotations

import json

from policies.iam import POLICY, ROLE, ROLE_ATTACHMENT, ROLE_POLICY
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample

USER_POLICY = "aws:iam/userPolicy:UserPolicy"
PERMISSION_SET = "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy"
MODELS = "arn:aws:s3:::models/*"
NODE_ROLE = "arn:aws:iam::111122223333:role/nodes"


def statement(action: object, target: object = MODELS, **changes: object) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": target, **changes}


def document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allowing(action: object, target: object = MODELS, **changes: object) -> Declared:
    return inline(statement(action, target, **changes))


def inline(*statements: Json) -> Declared:
    return Declared(ROLE_POLICY, "rights", {"role": "chat", "policy": document(*statements)})


def attachment(arn: object, *needs: str) -> Declared:
    return Declared(ROLE_ATTACHMENT, "attached", {"role": "chat", "policyArn": arn}, {"policyArn": needs})


TAGGED = {"StringEquals": {"aws:ResourceTag/service": "chat"}}
SHARED = Declared(POLICY, "shared", {"policy": document(statement("s3:GetObject"))})
GROWTH_STOP = {"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::111122223333:policy/growth-stop"}}

SAMPLES = (
    Sample(Case.ALLOWED, "named", (allowing(["s3:GetObject", "s3:ListBucket"]),)),
    Sample(
        Case.ALLOWED,
        "as text, one statement",
        (Declared(POLICY, "shared", {"policy": json.dumps({"Statement": statement("s3:GetObject")})}),),
    ),
    Sample(Case.ALLOWED, "reading family", (allowing("ec2:Describe*", "*"),)),
    Sample(Case.ALLOWED, "actions that take no resource", (allowing(["ecr:GetAuthorizationToken"], "*"),)),
    Sample(
        Case.ALLOWED,
        "further actions without resource, by parameter",
        (allowing("aps:ListWorkspaces2", "*"),),
        parameters={"unscoped_actions": ["aps:ListWorkspaces2"]},
    ),
    Sample(Case.ALLOWED, "narrowed by a tag", (allowing("ec2:TerminateInstances", "*", Condition=TAGGED),)),
    Sample(
        Case.ALLOWED,
        "narrowed by a key of the service",
        (allowing("kms:Decrypt", "*", Condition={"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}),),
    ),
    Sample(Case.ALLOWED, "a denial may be wide", (inline({**statement("*", "*"), "Effect": "Deny"}),)),
    Sample(
        Case.ALLOWED,
        "attaching one policy",
        (allowing("iam:AttachRolePolicy", NODE_ROLE, Condition=GROWTH_STOP),),
    ),
    Sample(Case.ALLOWED, "passing one role", (allowing("iam:PassRole", NODE_ROLE),)),
    Sample(
        Case.ALLOWED,
        "own keys",
        (allowing("iam:CreateAccessKey", "arn:aws:iam::111122223333:user/${aws:username}"),),
    ),
    Sample(
        Case.ALLOWED,
        "narrow AWS managed policy",
        (attachment("arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"),),
    ),
    Sample(Case.RESOLVED, "policy of the same stack", (SHARED, attachment(UNKNOWN, "shared"))),
    Sample(
        Case.RESOLVED,
        "resource of the same stack",
        (
            Declared("aws:sqs/queue:Queue", "queue", {}),
            Declared(
                ROLE_POLICY,
                "rights",
                {"policy": document(statement("sqs:SendMessage", UNKNOWN))},
                {"policy": ("queue",)},
            ),
        ),
    ),
    Sample(Case.DISALLOWED, "everything", (allowing("*", "*"),), ("Action is", "Resource is")),
    Sample(Case.DISALLOWED, "a whole service", (allowing("s3:*"),), ("policy.Statement[0].Action is",)),
    Sample(Case.DISALLOWED, "a writing family", (allowing(["s3:GetObject", "s3:Put*"]),), ("Action[1] is",)),
    Sample(Case.DISALLOWED, "a family of any service", (allowing("*:Describe*", "*"),), ("Action is", "Resource is")),
    Sample(
        Case.DISALLOWED,
        "all but",
        (inline({"Effect": "Allow", "NotAction": "iam:*", "Resource": MODELS}),),
        ("NotAction",),
    ),
    Sample(
        Case.DISALLOWED,
        "all but some resources",
        (inline({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": MODELS}),),
        ("NotResource allows everything",),
    ),
    Sample(Case.DISALLOWED, "any resource", (allowing("s3:PutObject", "*"),), ("Resource is",)),
    Sample(Case.DISALLOWED, "any bucket", (allowing("s3:PutObject", ["arn:aws:s3:::*"]),), ("Resource[0] is",)),
    Sample(
        Case.DISALLOWED,
        "narrowed by nothing that counts",
        (
            allowing("ec2:RunInstances", "*", Condition={"StringEqualsIfExists": {"aws:ResourceTag/service": "chat"}}),
            Declared(
                USER_POLICY,
                "rights-2",
                {
                    "policy": document(
                        statement("ec2:RunInstances", "*", Condition={"StringLike": {"aws:ResourceTag/team": "*"}})
                    )
                },
            ),
        ),
        ("no condition narrows it", "no condition narrows it"),
    ),
    Sample(
        Case.DISALLOWED,
        "attaching any policy",
        (allowing(["iam:AttachRolePolicy"], NODE_ROLE),),
        ("gives itself more rights",),
    ),
    Sample(
        Case.DISALLOWED,
        "passing any role",
        (allowing("iam:PassRole", "arn:aws:iam::111122223333:role/*"),),
        ("any role can be passed",),
    ),
    Sample(
        Case.DISALLOWED,
        "permission set",
        (Declared(PERMISSION_SET, "set", {"inlinePolicy": document(statement("dynamodb:*"))}),),
        ("inlinePolicy.Statement[0].Action",),
    ),
    Sample(
        Case.DISALLOWED,
        "inside a role",
        (
            Declared(
                ROLE,
                "chat",
                {
                    "inlinePolicies": [{"name": "rights", "policy": json.dumps(document(statement("sqs:*")))}],
                    "managedPolicyArns": ["arn:aws:iam::aws:policy/AmazonS3FullAccess"],
                },
            ),
        ),
        ("managedPolicyArns[0]", "inlinePolicies[0].policy.Statement[0].Action"),
    ),
    Sample(
        Case.DISALLOWED,
        "administrator",
        (attachment("arn:aws:iam::aws:policy/AdministratorAccess"),),
        ("policyArn is",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown statement hides no other",
        (inline(statement(UNKNOWN), statement("s3:*")),),
        ("Statement[1].Action is", "Statement[0].Action is not known"),
    ),
    Sample(
        Case.UNKNOWN,
        "unknown document",
        (Declared(POLICY, "shared", {"policy": UNKNOWN}),),
        ("policy is not known",),
    ),
    Sample(Case.NOT_APPLICABLE, "no rights", (Declared(ROLE, "chat", {"name": "chat"}),)),
)
