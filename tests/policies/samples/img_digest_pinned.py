"""Samples of `img-digest-pinned`."""

from __future__ import annotations

from policies.images import SAGEMAKER_MODEL, TASK_DEFINITION
from policies.tokens import CRON_JOB, DAEMON_SET, FUNCTION, JOB, POD, ROLLOUT, SCALED_JOB, STATEFUL_SET
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample
from tests.policies.samples.workloads import IMAGE, container, deployment, groups, pods

TAGGED = pods(container(image="registry.example.com/llm:v1"))
FINDS = ("without a digest",)

SAMPLES = (
    Sample(Case.ALLOWED, "digest", (deployment(),)),
    Sample(
        Case.ALLOWED, "tag and digest", (deployment(template=pods(container(image="r/x:v1@" + IMAGE.split("@")[1]))),)
    ),
    Sample(Case.ALLOWED, "function", (Declared(FUNCTION, "f", {"packageType": "Image", "imageUri": IMAGE}),)),
    Sample(Case.DISALLOWED, "tag", (deployment(template=TAGGED),), FINDS),
    Sample(Case.DISALLOWED, "short digest", (deployment(template=pods(container(image=IMAGE[:-1]))),), FINDS),
    Sample(
        Case.DISALLOWED,
        "init container",
        (deployment(template=pods(initContainers=[container(image="busybox")])),),
        ("initContainers[0].image",),
    ),
    *(
        Sample(Case.DISALLOWED, token, (deployment(token, template=TAGGED),), FINDS)
        for token in (ROLLOUT, STATEFUL_SET, DAEMON_SET, JOB)
    ),
    Sample(Case.ALLOWED, "group of pods", (groups(),)),
    Sample(Case.DISALLOWED, "leader of a group", (groups(leader=TAGGED),), FINDS),
    Sample(Case.DISALLOWED, "worker of a group", (groups(worker=TAGGED),), FINDS),
    Sample(
        Case.DISALLOWED,
        "cron job",
        (Declared(CRON_JOB, "nightly", {"spec": {"jobTemplate": {"spec": {"template": TAGGED}}}}),),
        FINDS,
    ),
    Sample(
        Case.DISALLOWED,
        "scaled job",
        (Declared(SCALED_JOB, "worker", {"spec": {"jobTargetRef": {"template": TAGGED}}}),),
        ("spec.jobTargetRef.template.spec.containers[0].image",),
    ),
    Sample(Case.ALLOWED, "model", (Declared(SAGEMAKER_MODEL, "m", {"primaryContainer": {"image": IMAGE}}),)),
    Sample(
        Case.ALLOWED,
        "model of a package",
        (Declared(SAGEMAKER_MODEL, "m", {"containers": [{"modelPackageName": "arn:aws:sagemaker:::package"}]}),),
    ),
    Sample(
        Case.DISALLOWED,
        "pipeline of models",
        (Declared(SAGEMAKER_MODEL, "m", {"containers": [{"image": IMAGE}, {"image": "r/x:v1"}]}),),
        ("containers[1].image",),
    ),
    Sample(
        Case.DISALLOWED,
        "task",
        (Declared(TASK_DEFINITION, "t", {"containerDefinitions": '[{"name": "a", "image": "r/x:v1"}]'}),),
        ("containerDefinitions[0].image",),
    ),
    Sample(Case.DISALLOWED, "bare pod", (Declared(POD, "one", TAGGED),), FINDS),
    Sample(
        Case.DISALLOWED,
        "function by tag",
        (Declared(FUNCTION, "f", {"packageType": "Image", "imageUri": "r/x:v1"}),),
        FINDS,
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown image does not hide the next",
        (deployment(template=pods(container(image=UNKNOWN), container(image="r/x:v1"))),),
        ("containers[1].image", "spec.template.spec.containers[0].image is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "function without image", (Declared(FUNCTION, "f", {"runtime": "python3.13"}),)),
    Sample(
        Case.NOT_APPLICABLE,
        "rollout of a deployment's pods",
        (Declared(ROLLOUT, "r", {"spec": {"workloadRef": {"kind": "Deployment", "name": "chat"}}}),),
    ),
)
