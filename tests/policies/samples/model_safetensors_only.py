"""Samples of `model-safetensors-only`."""

from __future__ import annotations

from policies.checks.model_safetensors_only import INFERENCE_SERVICE
from policies.images import SAGEMAKER_MODEL
from policies.tokens import BUCKET, STATEFUL_SET
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Json, Sample
from tests.policies.samples.workloads import IMAGE, container, deployment, pods

TRUSTS = ("trusts the code that comes with the model",)
RUNS = ("names a model that may run code",)


def started(*args: object, env: Json | None = None, command: object = None) -> Declared:
    variables = [{"name": name, "value": value} for name, value in (env or {}).items()]
    return deployment(template=pods(container(args=list(args), command=command, env=variables)))


def predictor(**model: object) -> Declared:
    return Declared(INFERENCE_SERVICE, "chat", {"spec": {"predictor": {"model": model}}})


def model(**changes: object) -> Declared:
    return Declared(SAGEMAKER_MODEL, "chat", {"primaryContainer": {"image": IMAGE, **changes}})


SAMPLES = (
    Sample(
        Case.ALLOWED, "safetensors", (started("--model=/models/model.safetensors", "--load-format", "safetensors"),)
    ),
    Sample(Case.ALLOWED, "does not trust", (started("--trust-remote-code=false", env={"HF_TRUST_REMOTE_CODE": "0"}),)),
    Sample(Case.ALLOWED, "storage", (predictor(storageUri="s3://models/chat/", args=["--port=80"]),)),
    Sample(Case.ALLOWED, "archive", (model(modelDataUrl="s3://models/chat.tar.gz"),)),
    Sample(
        Case.ALLOWED,
        "a list of one's own",
        (started("--index=/data/words.pkl"),),
        parameters={"executable_files": ["*.pt"]},
    ),
    Sample(Case.DISALLOWED, "trusts", (started("--trust-remote-code"),), TRUSTS),
    Sample(Case.DISALLOWED, "trusts, with underscores", (started("--trust_remote_code", "--port=80"),), TRUSTS),
    Sample(Case.DISALLOWED, "in a script", (started("vllm serve --trust-remote-code", command=["sh", "-c"]),), TRUSTS),
    Sample(Case.DISALLOWED, "by the environment", (started(env={"HF_TRUST_REMOTE_CODE": "true"}),), TRUSTS),
    Sample(Case.DISALLOWED, "pickle", (started("--model", "s3://models/rank.PKL"),), RUNS),
    Sample(Case.DISALLOWED, "PyTorch", (started("--weights=/models/pytorch_model-00001.bin"),), RUNS),
    Sample(Case.DISALLOWED, "by a variable", (started(env={"MODEL_PATH": "/models/rank.joblib"}),), RUNS),
    Sample(Case.DISALLOWED, "format", (started("--load-format=pt"),), ("args[0] loads pickles",)),
    Sample(
        Case.DISALLOWED,
        "init container",
        (deployment(template=pods(initContainers=[container(args=["fetch", "rank.pt"])])),),
        ("initContainers[0].args[1] names",),
    ),
    Sample(Case.DISALLOWED, "storage", (predictor(storageUri="s3://models/rank.pkl"),), ("model.storageUri names",)),
    Sample(Case.DISALLOWED, "arguments of a predictor", (predictor(args=["--trust-remote-code"]),), TRUSTS),
    Sample(Case.DISALLOWED, "data", (model(modelDataUrl="https://b.s3.amazonaws.com/rank.pkl?versionId=1"),), RUNS),
    Sample(Case.DISALLOWED, "environment", (model(environment={"OPTION_TRUST_REMOTE_CODE": "true"}),), TRUSTS),
    Sample(
        Case.UNKNOWN,
        "an unknown argument does not hide the next",
        (started(UNKNOWN, "--trust-remote-code"),),
        ("args[1] trusts", "args[0] is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "no container", (deployment(STATEFUL_SET, template=None), Declared(BUCKET, "b", {}))),
)
