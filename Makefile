# Everything runs in .venv; nothing is installed outside the checkout. Needs Python 3.11+ and pip.
PYTHON ?= python3
BIN := .venv/bin
export FAIRWITNESS_WEIGHTS_DIR ?= $(CURDIR)/.weights
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo screenshots serve test chaos static check scorecard scorecard-accept docs format lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

.venv/.runtime: requirements/runtime.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked packages ..."
	@$(BIN)/python -m pip install -q --only-binary :all: --require-hashes -r requirements/runtime.lock
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.lock
	@echo "Installing the locked development packages ..."
	@$(BIN)/python -m pip install -q --only-binary :all: --require-hashes -r requirements/dev.lock
	@touch $@

.venv/.weights: .venv/.runtime audit/weights.toml liveness/weights.toml identity/weights.toml
	@$(BIN)/fairwitness models install
	@touch $@

setup: .venv/.runtime .venv/.weights ## make .venv with .venv/bin/fairwitness and fetch the default weights

demo: setup ## make a self-made recording, check it, and say where the report is
	@$(BIN)/fairwitness demo --out demo-out

screenshots: setup .venv/.dev ## photograph every page into build/screenshots, with Debian's Chromium
	@OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.screenshots --out build/screenshots

serve: setup ## serve the API on port 8000 with a worker; the first start prints a key, once
	@$(BIN)/fairwitness serve

test: setup .venv/.dev ## run the test suite with coverage, files in two processes
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report=term

chaos: setup .venv/.dev ## let everything fail under a running service for 20 minutes, and count what was lost
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.crash.chaos --weights $(FAIRWITNESS_WEIGHTS_DIR) --out docs/reliability.json

static: .venv/.dev ## format check, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: static test scorecard ## everything that CI runs

SMALL := OMP_NUM_THREADS=1 $(BIN)/fairwitness scorecard --size small --out build/scorecard

scorecard: setup ## run the small scorecard; fail where a figure fell by more than its interval
	@$(SMALL) --against docs/scorecard/reference.json

scorecard-accept: setup ## take the figures of the small scorecard as accepted
	@$(SMALL) --accept docs/scorecard/reference.json
	@$(BIN)/python -m datasets.scorecard.page docs/scorecard

.venv/.docs: .venv/.runtime requirements/docs.lock
	@$(BIN)/python -m pip install -q --only-binary :all: --require-hashes -r requirements/docs.lock
	@touch $@

docs: .venv/.docs ## build the documentation site into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "build/site/index.html"

format: .venv/.dev ## put the code into its standard form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/.dev ## write the lock files anew from pyproject.toml
	$(BIN)/python -m pip install -q uv
	cd requirements && for kind in runtime dev; do \
	  ../$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --no-build -c constraints.txt ../pyproject.toml \
	    --group ../pyproject.toml:build $$( [ $$kind = dev ] && echo --group ../pyproject.toml:dev ) \
	    -o $$kind.lock; done
	cd requirements && ../$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-build \
	  -c dev.lock --group ../pyproject.toml:docs -o docs.lock

clean: ## remove everything that make made
	rm -rf .venv .weights build demo-out *.egg-info .mypy_cache .ruff_cache .pytest_cache
