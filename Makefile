# make preview [STACK=dev|prod]   what the stack would be, with governance; no cloud account
# make test                      the tests
# make check                     what CI runs, without the next four
# make cluster-test              a real control plane: manifests, admission, rehearsals; builds it once, which takes long
# make engine-test               program and pack in the real Pulumi engine; needs the Pulumi CLI on PATH
# make contract-test             a real MLServer keeps the contract of the fraud score
# make checkov                   checkov's rules on all stacks, as an outside opinion, and on stacks with a fault
SHELL := /bin/sh
.DEFAULT_GOAL := preview
.PHONY: preview test control-plane cluster-test engine-test contract-test check checkov lint types generated generate lock benchmark clean

STACK ?= dev
ARGS ?=
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

# Everything below runs from the environment in .venv; the two stamps say what is installed there.
RUNTIME := $(VENV)/.runtime-installed
DEVELOP := $(VENV)/.develop-installed
CHECKOV := .cache/checkov
MLSERVER := .cache/mlserver

preview: $(RUNTIME)
	@$(RUN)/python -m serving preview --stack $(STACK) $(ARGS)

test: $(DEVELOP)
	@$(RUN)/python -m pytest -q -n auto $(ARGS)

# Without etcd or Prometheus: root on Debian gets them, others are told. Go is asked for where something is to be built.
control-plane: $(DEVELOP)
	@{ command -v etcd && command -v prometheus; } >/dev/null 2>&1 || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1 || { echo "installing etcd-server and prometheus by apt-get"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends etcd-server prometheus >/dev/null; }
	@$(RUN)/python -m tests.cluster.binaries

cluster-test: control-plane
	@$(RUN)/python -m pytest -q tests/cluster $(ARGS)

engine-test: $(DEVELOP)
	@command -v pulumi >/dev/null || { echo "missing: the Pulumi CLI (https://www.pulumi.com/docs/iac/download-install/)"; exit 2; }
	@$(RUN)/python -m pytest -q tests/engine $(ARGS)

check: lint types generated test
	@for stack in dev prod; do $(RUN)/python -m serving preview --stack $$stack || exit $$?; done
	@$(RUN)/python -m serving preview --project bootstrap --stack main --policy-pack policies

contract-test: $(DEVELOP) $(MLSERVER)/.installed
	@$(RUN)/python -m pytest -q tests/contract $(ARGS)

checkov: $(DEVELOP) $(CHECKOV)/.installed
	@$(RUN)/python -m tests.outside.scan $(CHECKOV)/bin/checkov
	@$(RUN)/python -m tests.outside.agreement $(CHECKOV)/bin/checkov

lint: $(DEVELOP)
	@$(RUN)/ruff format --check .
	@$(RUN)/ruff check .
	@$(RUN)/yamllint --strict .
	@$(RUN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yaml
	@$(RUN)/zizmor --offline --quiet --min-severity medium .github/workflows

types: $(DEVELOP)
	@$(RUN)/mypy

# Files that are rendered from code must be those that the code renders now.
generated: $(DEVELOP)
	@$(RUN)/python -m serving.generate --check

generate: $(DEVELOP)
	@$(RUN)/python -m serving.generate

lock: $(DEVELOP)
	@$(RUN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header requirements.in -o requirements.txt
	@$(RUN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header -c requirements.txt requirements-dev.in -o requirements-dev.txt
	@$(RUN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header requirements-checkov.in -o requirements-checkov.txt
	@$(RUN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header requirements-mlserver.in -o requirements-mlserver.txt

benchmark: $(DEVELOP) $(CHECKOV)/.installed
	@$(RUN)/python benchmarks/preview.py
	@$(RUN)/python benchmarks/policies.py

clean:
	@rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(RUN)/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "missing: $(PYTHON). Install Python 3.11 or newer, or name yours: make PYTHON=/path/to/python"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "missing: Python 3.11 or newer ($(PYTHON) is $$($(PYTHON) --version)). Name another: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "missing: the venv module of $(PYTHON). On Debian: apt-get install python3-venv"; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.txt pyproject.toml | $(RUN)/python
	@echo "installing what requirements.txt pins into $(VENV)"
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt || { echo "missing: packages of requirements.txt. Make a package index reachable (see 'pip config list'), then run make again"; exit 2; }
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . || { echo "missing: this project in $(VENV). Correct what pip says above, or start over with 'make clean', then run make again"; exit 2; }
	@touch $@

$(DEVELOP): requirements-dev.txt | $(RUNTIME)
	@echo "installing what requirements-dev.txt pins into $(VENV)"
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt || { echo "missing: packages of requirements-dev.txt. Make a package index reachable (see 'pip config list'), then run make again"; exit 2; }
	@touch $@

$(CHECKOV)/.installed: requirements-checkov.txt | $(RUN)/python
	@echo "installing what requirements-checkov.txt pins into $(CHECKOV)"
	@$(RUN)/python -m venv $(CHECKOV)
	@$(CHECKOV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-checkov.txt || { echo "missing: packages of requirements-checkov.txt. Make a package index reachable (see 'pip config list'), then run make again"; exit 2; }
	@$(CHECKOV)/bin/checkov --list --framework terraform --skip-download > $(CHECKOV)/checks.txt
	@touch $@

$(MLSERVER)/.installed: requirements-mlserver.txt | $(RUN)/python
	@echo "installing what requirements-mlserver.txt pins into $(MLSERVER)"
	@$(RUN)/python -m venv $(MLSERVER)
	@$(MLSERVER)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-mlserver.txt || { echo "missing: packages of requirements-mlserver.txt. Make a package index reachable (see 'pip config list'), then run make again"; exit 2; }
	@touch $@
