"""Samples of `img-registry-allowlist`."""

from __future__ import annotations

from policies.images import SAGEMAKER_MODEL
from policies.tokens import CRON_JOB, FUNCTION, SCALED_JOB
from policies.views import UNKNOWN
from tests.policies.harness import DIGEST, Case, Declared, Json, Sample
from tests.policies.samples.workloads import container, deployment, pods

OWN = f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/prod/llm@{DIGEST}"
FINDS = ("not of an allowed registry",)
REPOSITORY = Declared("aws:ecr/repository:Repository", "llm", {"name": "prod/llm"})


def running(*images: str, needs: Json | None = None) -> Declared:
    resource = deployment(template=pods(*(container(image=image) for image in images)))
    return Declared(resource.token, resource.name, resource.properties, needs or {})


SAMPLES = (
    Sample(Case.ALLOWED, "own registry", (running(OWN),)),
    Sample(
        Case.ALLOWED,
        "of a stated account and region",
        (running(OWN),),
        parameters={
            "accounts": ["111122223333"],
            "regions": ["eu-west-1"],
        },
    ),
    Sample(Case.ALLOWED, "FIPS", (running(OWN.replace(".ecr.", ".ecr-fips.")),)),
    Sample(
        Case.ALLOWED, "dual stack", (running(OWN.replace(".dkr.ecr.", ".dkr-ecr.").replace("amazonaws.com", "on.aws")),)
    ),
    Sample(
        Case.ALLOWED,
        "named registry",
        (running("registry.example.com/ml/llm:v1"),),
        parameters={"also_allowed": ["registry.example.com/ml"]},
    ),
    Sample(Case.ALLOWED, "function", (Declared(FUNCTION, "f", {"packageType": "Image", "imageUri": OWN}),)),
    Sample(
        Case.RESOLVED,
        "repository of the stack",
        (REPOSITORY, running(UNKNOWN, needs={"spec": ("llm",)})),
    ),
    Sample(Case.DISALLOWED, "Docker Hub", (running("nginx:1.29"),), FINDS),
    Sample(Case.DISALLOWED, "Docker Hub with an owner", (running("vllm/vllm-openai:v0.11"),), FINDS),
    Sample(Case.DISALLOWED, "public registry", (running(OWN, f"ghcr.io/acme/llm@{DIGEST}"),), ("containers[1].image",)),
    Sample(Case.DISALLOWED, "public ECR", (running(f"public.ecr.aws/x/llm@{DIGEST}"),), FINDS),
    Sample(
        Case.DISALLOWED,
        "a host that looks alike",
        (running(OWN.replace("amazonaws.com", "amazonaws.com.evil.io")),),
        FINDS,
    ),
    Sample(Case.DISALLOWED, "our host as a path", (running(f"evil.io/{OWN}"),), FINDS),
    Sample(Case.DISALLOWED, "another account", (running(OWN),), FINDS, parameters={"accounts": ["444455556666"]}),
    Sample(Case.DISALLOWED, "another region", (running(OWN),), FINDS, parameters={"regions": ["eu-central-1"]}),
    Sample(
        Case.DISALLOWED,
        "a prefix that only begins alike",
        (running("registry.example.com/mlx/llm:v1"),),
        FINDS,
        parameters={"also_allowed": ["registry.example.com/ml"]},
    ),
    Sample(
        Case.DISALLOWED,
        "cron job",
        (Declared(CRON_JOB, "n", {"spec": {"jobTemplate": {"spec": {"template": pods(container(image="busybox"))}}}}),),
        FINDS,
    ),
    Sample(
        Case.DISALLOWED,
        "scaled job",
        (Declared(SCALED_JOB, "n", {"spec": {"jobTargetRef": {"template": pods(container(image="busybox"))}}}),),
        FINDS,
    ),
    Sample(
        Case.DISALLOWED,
        "model",
        (Declared(SAGEMAKER_MODEL, "m", {"primaryContainer": {"image": "r.example.com/x"}}),),
        FINDS,
    ),
    Sample(
        Case.UNKNOWN,
        "comes from nobody knows where",
        (running(UNKNOWN, "busybox"),),
        ("containers[1].image", "containers[0].image is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "function without image", (Declared(FUNCTION, "f", {"runtime": "python3.13"}),)),
)
