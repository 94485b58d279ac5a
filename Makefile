# njst: everything a person or CI runs. Each target installs what it needs into .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/pytest

.PHONY: help demo images manifests sbom test test-long test-unit test-nats test-kubernetes cluster-test browser-test chaos lint fmt docs pictures study \
  crds lock base-lock bench bench-check \
  bench-operator bench-operator-check bench-mesh bench-mesh-check clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "njst needs Python 3.11 or newer; this is %d.%d. Say which: make PYTHON=python3.12" % v[:2])'
	@echo "==> Installing the locked packages into $(VENV) (once, about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## Run an NjstJob on a Kubernetes API, a NATS and three workers of its own (KEEP=1 leaves them running)
	@$(BIN)/python -m devenv.demo $(if $(KEEP),--keep)

# What takes long: every fault at many stages of a job, bad starts, and the truth of the numbers. The
# longest files come first, so that the last ones end together.
COUNTING := $(addprefix tests/nats/truth/test_,storage.py readback.py tampering.py counters.py ordered.py)
LONG := tests/chaos tests/unit/sim tests/kubernetes/test_faults.py tests/nats/mesh/test_faults.py $(COUNTING) \
  tests/nats/connections tests/nats/start $(addprefix tests/kubernetes/test_,bad_starts.py chart.py kstatus.py)

# What measures times and rates, and has the machine for itself; tests/nats/truth but for what counts.
ALONE := $(addprefix tests/nats/connections/test_,many_logins.py outages.py)
MEASURING := $(ALONE) tests/nats/truth $(COUNTING:%=--ignore=%)

# Most of these tests wait for a server most of the time, so two run at once.
AT_ONCE ?= 2

test: $(READY) ## Tests of all parts: pure code, a real NATS, a real Kubernetes API (about 15 minutes; AT_ONCE=2)
	@$(BIN)/python -m devenv.kubernetes fetch
	@$(PYTEST) -n $(AT_ONCE) --dist loadfile tests --ignore=tests/cluster --ignore=tests/browser $(LONG:%=--ignore=%) --ignore=tests/nats/truth

test-long: $(READY) ## The other tests: faults at many stages of a job, bad starts, every login, the truth of the numbers (15 minutes)
	@$(BIN)/python -m devenv.kubernetes fetch
	@NJST_SCHEDULES=2000 $(PYTEST) -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder $(LONG) $(ALONE:%=--ignore=%)
	@$(PYTEST) $(MEASURING)

test-unit: $(READY) ## Only the tests that need nothing
	@$(PYTEST) tests/unit

test-nats: $(READY) ## Only the tests with a real nats-server
	@$(PYTEST) tests/nats

test-kubernetes: $(READY) ## Only the tests with a real Kubernetes API
	@$(BIN)/python -m devenv.kubernetes fetch
	@$(PYTEST) tests/kubernetes

cluster-test: $(READY) ## The images and manifests on a real node of this machine: Linux, root, apt (15 minutes; NJST_CLUSTER=kind for kind)
	@$(BIN)/python -m devenv.kubernetes fetch
	@$(BIN)/python -m devenv.cluster fetch
	@$(PYTEST) tests/cluster

browser-test: $(READY) ## The page of a worker in a real Chromium, which apt installs (3 minutes; pictures in dist/browser)
	@$(BIN)/python -m devenv.browser >/dev/null
	@$(PYTEST) tests/browser

chaos: $(READY) ## Thousands of simulated fault schedules, and every fault at every stage of a job (half an hour)
	@NJST_SCHEDULES=10000 $(PYTEST) tests/unit/sim
	@NJST_CHAOS=all $(PYTEST) tests/chaos

lint: $(READY) ## Check style, types, layers and generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fmt: $(READY) ## Format the code and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(READY) ## Build the site of the documentation in dist/docs/site; fails on broken links, anchors and unlisted pages
	@$(BIN)/python -m devenv.docs_site

pictures: $(READY) ## Take the pictures of the page in docs/pictures anew, from real runs (3 minutes)
	@$(BIN)/python -m devenv.pictures

study: $(READY) ## Compare replicas, storage and message sizes on three servers of this machine: docs/study.md (12 minutes; alone)
	@$(BIN)/python -m devenv.study

crds: $(READY) ## Write crds/ and docs/report.schema.json anew from the contract
	@$(BIN)/python -m njst.contract.crd.crds crds
	@$(BIN)/python -m njst.contract.results.report_schema docs/report.schema.json
	@cp crds/*.yaml charts/njst/crds/

manifests: $(READY) ## Write anew what is made from others: njst-deploy.yaml, the chart's and the page's copies, tables of values and settings
	@$(BIN)/python -m devenv.kubernetes fetch >/dev/null
	@$(BIN)/python -m devenv.deploy_file manifests/njst-deploy.yaml
	@cp crds/*.yaml charts/njst/crds/
	@cp examples/*.yaml worker/njst/web/static/examples/
	@cp manifests/components/monitoring/rules.yaml manifests/components/monitoring/njst.json charts/njst/files/
	@$(BIN)/python -m devenv.chart_docs charts/njst/README.md
	@$(BIN)/python -m devenv.settings_docs docs/settings.md

VERSION = $(shell $(BIN)/python -c 'import njst; print(njst.__version__)')
PLATFORMS ?= linux/amd64,linux/arm64
# --load keeps them on this machine (one platform only); a release says --push and REPOSITORY=...
OUTPUT ?= --push
REPOSITORY ?=
BUILD_ARGS ?=

BASE_LOCK := locks/base-image.lock
PINNED_BASE = $(if $(wildcard $(BASE_LOCK)),--build-arg BASE=$(shell cat $(BASE_LOCK)))

base-lock: ## Pin the base image of both images by its digest of today in locks/base-image.lock (needs docker and its registry)
	@base=$$(sed -n 's/^ARG BASE=//p' Dockerfile.worker); \
	digest=$$(docker buildx imagetools inspect "$$base" --format '{{.Manifest.Digest}}'); \
	echo "$$base@$$digest" | tee $(BASE_LOCK)

images: $(READY) ## Build both images for amd64 and arm64 (PLATFORMS=, REPOSITORY=, OUTPUT=--load|--push, BUILD_ARGS='--build-arg BASE=...')
	@for part in worker operator; do \
	  docker buildx build --file Dockerfile.$$part --platform $(PLATFORMS) --provenance=true --sbom=true $(OUTPUT) $(PINNED_BASE) $(BUILD_ARGS) \
	    --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) \
	    --build-arg SOURCE=$$(git config --get remote.origin.url || true) \
	    --build-arg CREATED=$$(git show --no-patch --format=%cI HEAD) \
	    --tag $(REPOSITORY)njst-$$part:$(VERSION) . ; \
	done

sbom: $(READY) ## Write what Python packages each image has, as CycloneDX, into dist/
	@mkdir -p dist
	@for part in worker operator; do \
	  $(BIN)/uv run --quiet --isolated --no-project --with-requirements locks/sbom.lock \
	    cyclonedx-py requirements locks/$$part.lock --output-reproducible --spec-version 1.6 -o dist/njst-$$part.cdx.json; \
	done

LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
  --no-annotate --no-header --no-emit-index-url -q

lock: $(READY) ## Resolve the lock files anew from pyproject.toml
	@$(LOCK) pyproject.toml --all-extras --group test -o requirements.lock
	@$(LOCK) pyproject.toml --extra worker --constraint requirements.lock -o locks/worker.lock
	@$(LOCK) pyproject.toml --extra operator --constraint requirements.lock -o locks/operator.lock
	@$(LOCK) --group build --constraint requirements.lock -o locks/build.lock
	@$(LOCK) --group sbom -o locks/sbom.lock

bench: $(READY) ## njst and nats bench in turns on one server: a table into docs/benchmarks.md (20 minutes)
	@$(BIN)/python -m bench run

bench-check: $(READY) ## The main figures beside their goals (15 minutes); fails when one is missed
	@$(BIN)/python -m bench check

bench-operator: $(READY) ## Measure the operator: each figure beside its goal (6 minutes)
	@$(BIN)/python -m bench.operators run

bench-operator-check: $(READY) ## The same, and fail when a goal is missed
	@$(BIN)/python -m bench.operators check

bench-mesh: $(READY) ## The control plane's figures beside their goals: starts, clocks, idle cost, history, queue (10 minutes)
	@$(BIN)/python -m bench.mesh

bench-mesh-check: $(READY) ## The same; fails when a goal is missed
	@$(BIN)/python -m bench.mesh --check

clean: ## Remove what was built here (the Kubernetes binaries stay in the cache)
	@rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
