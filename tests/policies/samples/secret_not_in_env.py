"""Samples of `secret-not-in-env`."""

from __future__ import annotations

import base64
import json

from policies.checks.secret_not_in_env import CODE_BUILD, CONFIG_MAP
from policies.images import SAGEMAKER_MODEL, TASK_DEFINITION
from policies.tokens import CRON_JOB, EC2_INSTANCE, FUNCTION, LAUNCH_TEMPLATE
from policies.views import UNKNOWN
from tests.policies.harness import Case, Declared, Sample, secret
from tests.policies.samples.workloads import container, deployment, groups, pods, unspread

# Put together here, so that nobody takes them for real ones
AWS_KEY = "AKIA" + "Q3EGRXWZ5TYU7HJK"
HF_TOKEN = "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH"
PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n"
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiJjaGF0In0.c2lnbmF0dXJl"
DATABASE = "postgres://chat:" + "hunter2@db.internal:5432/chat"


def with_env(name: object, value: object) -> Declared:
    return deployment(template=pods(container(env=[{"name": name, "value": value}])))


def with_args(*args: object, key: str = "args") -> Declared:
    return deployment(template=pods(container(**{key: list(args)})))


def config(key: str, value: object) -> Declared:
    return Declared(CONFIG_MAP, "config", {"metadata": {"name": "chat"}, "data": {key: value}})


def function(name: str, value: object, *needs: str) -> Declared:
    stated = {"packageType": "Image", "environment": {"variables": {name: value}}}
    return Declared(FUNCTION, "embed", stated, {"environment": needs} if needs else {})


def template(script: str) -> Declared:
    return Declared(LAUNCH_TEMPLATE, "nodes", {"userData": base64.b64encode(script.encode()).decode()})


def task(name: str, value: str) -> Declared:
    definition = json.dumps([{"name": "web", "image": "x", "environment": [{"name": name, "value": value}]}])
    return Declared(TASK_DEFINITION, "web", {"family": "web", "containerDefinitions": definition})


def build(**variable: object) -> Declared:
    return Declared(CODE_BUILD, "build", {"environment": {"environmentVariables": [variable]}})


REFERENCE = {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "chat", "key": "password"}}}
STATES = ("states a secret",)
MARKED = ("is marked as a secret",)

SAMPLES = (
    Sample(Case.ALLOWED, "reference", (deployment(template=pods(container(env=[REFERENCE]))),)),
    Sample(Case.ALLOWED, "no variables", (deployment(),)),
    *(
        Sample(Case.ALLOWED, f"{name}={value}", (with_env(name, value),))
        for name, value in (
            ("LOG_LEVEL", "info"),
            ("MAX_TOKENS", "512"),
            ("EOS_TOKEN", "</s>"),
            ("STOP_TOKEN", "END"),
            ("TOKENIZERS_PARALLELISM", "false"),
            ("DB_PASSWORD_FILE", "/run/secrets/db"),
            ("DB_PASSWORD", "/run/secrets/db"),
            ("DB_PASSWORD", "$(DB_PASSWORD_FROM_STORE)"),
            ("GOOGLE_APPLICATION_CREDENTIALS", "/var/run/key.json"),
            ("API_KEY_SECRET_NAME", "llm-api-key"),
            ("DB_SECRET", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCdEf"),
            ("REQUIRE_TOKEN", "true"),
            ("COOKIE_SECURE", "lax"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/token"),
            ("DATABASE_URL", "postgres://chat@db.internal:5432/chat"),
            ("DATABASE_URL", "postgres://chat:$(PASSWORD)@db.internal:5432/chat"),
            ("MODEL", "sk-learn-a-model-with-a-very-long-name-indeed"),
            ("API_KEY", ""),
            ("OPENAI_API_KEY", "EMPTY"),
            ("IMAGE_PULL_SECRET", "regcred"),
        )
    ),
    Sample(
        Case.ALLOWED,
        "arguments",
        (with_args("--api-key", "$(API_KEY)", "--max-model-len=8192", "--hf-token-file=/x", "--password", "--quiet"),),
    ),
    Sample(
        Case.ALLOWED,
        "script that asks for its secrets",
        (with_args("sh", "-c", "export TOKEN=$(cat /run/token); PASSWORD=`pass db` exec serve", key="command"),),
    ),
    Sample(
        Case.ALLOWED,
        "by parameter",
        (with_env("SESSION_TOKEN", "header"),),
        parameters={"harmless_names": ["SESSION_*"]},
    ),
    Sample(
        Case.ALLOWED,
        "configuration that names secrets",
        (
            config(
                "config.yaml",
                "existingSecret: chat\nsecretName: db\npassword: ${DB_PASSWORD}\ntoken_file: /run/token\n",
            ),
        ),
    ),
    Sample(Case.ALLOWED, "prose", (config("README", "# password: see the vault\nsecret: chat-tls\n"),)),
    Sample(Case.ALLOWED, "certificate", (config("ca.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n"),)),
    Sample(Case.ALLOWED, "program", (config("main.py", "token = request.headers['x']\npassword: str = read()\n"),)),
    Sample(Case.ALLOWED, "function", (function("SECRET_ARN", "x"),)),
    Sample(Case.ALLOWED, "build from a store", (build(name="TOKEN", value="build/token", type="SECRETS_MANAGER"),)),
    Sample(
        Case.ALLOWED,
        "metadata service",
        (template("#!/bin/bash\nTOKEN=$(curl -X PUT http://169.254.169.254/latest/api/token)\necho $TOKEN\n"),),
    ),
    Sample(Case.ALLOWED, "plain user data", (Declared(EC2_INSTANCE, "one", {"userData": "#!/bin/sh\nexit 0"}),)),
    Sample(
        Case.RESOLVED,
        "where the secret is",
        (
            Declared("aws:secretsmanager/secret:Secret", "db", {"name": "db"}),
            function("DB_SECRET", UNKNOWN, "db"),
        ),
    ),
    Sample(
        Case.RESOLVED,
        "endpoint of a database",
        (Declared("aws:rds/cluster:Cluster", "db", {}), function("HOST", UNKNOWN, "db")),
    ),
    *(
        Sample(Case.DISALLOWED, name, (with_env(name, value),), STATES)
        for name, value in (
            ("DB_PASSWORD", "hunter2"),
            ("dbPassword", "hunter2"),
            ("OPENAI_API_KEY", "abcdef"),
            ("openaiApiKey", "abcdef"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
            ("AWS_ACCESS_KEY_ID", AWS_KEY),
            ("HUB", HF_TOKEN),
            ("BEARER", JWT),
            ("DATABASE_URL", DATABASE),
        )
    ),
    Sample(Case.DISALLOWED, "by parameter", (with_env("PIN", "1234"),), STATES, parameters={"secret_names": ["*PIN"]}),
    Sample(Case.DISALLOWED, "marked", (with_env("GREETING", secret("hello")),), MARKED),
    Sample(
        Case.DISALLOWED,
        "init container of a job",
        (
            deployment(
                CRON_JOB,
                jobTemplate={
                    "spec": {
                        "template": pods(
                            initContainers=[container(env=[{"name": "TOKEN", "value": "abc"}])],
                        )
                    }
                },
            ),
        ),
        STATES,
    ),
    Sample(
        Case.DISALLOWED,
        "leader",
        (groups(leader=unspread(container(env=[{"name": "TOKEN", "value": "abc"}]))),),
        STATES,
    ),
    Sample(Case.DISALLOWED, "flag", (with_args("--api-key=abcdef"),), STATES),
    Sample(Case.DISALLOWED, "script", (with_args("export DB_PASSWORD=hunter2; exec serve"),), STATES),
    Sample(Case.DISALLOWED, "file", (config("app.properties", "port=80\ndb.password=hunter2\n"),), STATES),
    Sample(Case.DISALLOWED, "settings", (config("app.yaml", "user: chat\npassword: hunter2\nport: 80\n"),), STATES),
    Sample(Case.DISALLOWED, "chart value", (with_args("--set=auth.password=hunter2"),), STATES),
    Sample(Case.DISALLOWED, "flag and value", (with_args("--api-key", "abcdef"),), STATES),
    Sample(Case.DISALLOWED, "document", (config("app.json", '{"db": {"password": "hunter2"}}'),), STATES),
    Sample(Case.DISALLOWED, "key", (config("tls.key", PRIVATE_KEY),), STATES),
    Sample(Case.DISALLOWED, "entry", (config("password", "hunter2"),), STATES),
    Sample(Case.DISALLOWED, "function", (function("API_TOKEN", "abcdef"),), STATES),
    Sample(
        Case.DISALLOWED,
        "model",
        (Declared(SAGEMAKER_MODEL, "m", {"primaryContainer": {"environment": {"HF": HF_TOKEN}}}),),
        STATES,
    ),
    Sample(Case.DISALLOWED, "task", (task("DB_PASSWORD", "hunter2"),), STATES),
    Sample(Case.DISALLOWED, "build", (build(name="NPM_TOKEN", value="abcdef"),), STATES),
    Sample(Case.DISALLOWED, "user data", (template("#!/bin/sh\nexport DB_PASSWORD='hunter2'\n"),), STATES),
    Sample(
        Case.DISALLOWED,
        "plain user data",
        (Declared(EC2_INSTANCE, "one", {"userData": '[settings]\nbootstrap-token = "abc.def0"\n'}),),
        STATES,
    ),
    Sample(Case.UNKNOWN, "password", (with_env("DB_PASSWORD", UNKNOWN),), ("value is not known",)),
    Sample(
        Case.UNKNOWN,
        "an unknown value hides no other",
        (
            deployment(
                template=pods(
                    container(env=[{"name": "HOST", "value": UNKNOWN}, {"name": "DB_PASSWORD", "value": "hunter2"}])
                )
            ),
        ),
        ("states a secret", "env[0].value is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "a Secret", (Declared("kubernetes:core/v1:Secret", "s", {"data": {"token": "YWJj"}}),)),
)
