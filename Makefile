# Everything is set up inside this folder (.venv, .cache, .state); a second run needs no network.

PYTHON := $(shell for p in python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
	&& { command -v "$$p"; break; }; done)
BIN := .venv/bin
CODE := hub streams connectors golden_records matchers config demo benchmarks tests
READY := .venv/.ready-$(shell cat requirements/dev.txt pyproject.toml | cksum | cut -d' ' -f1)
WHEELS := .cache/wheels
FETCHED := $(WHEELS)/.fetched-$(shell cksum < requirements/dev.txt | cut -d' ' -f1)
# The lock is whole: resolving again could only find what appeared since (an extra of a pinned package).
PINNED := --no-deps --require-hashes --only-binary :all: --requirement requirements/dev.txt
COMPILE := $(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --no-emit-find-links \
	--no-emit-index-url --no-emit-trusted-host --strip-extras

# More words for a target: make demo ARGS=--once, make test ARGS="-k merge"
ARGS ?=
# Per cent that a whole run covers at least.
COVERED := 85
# So many processes share the tests; one of them has all that need more than PostgreSQL.
PROCESSES ?= 2

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: setup demo test test-unit check fmt bench match-report lock help

setup: $(READY) ## Set up .venv from the pinned requirements; nothing to do the second time

$(READY):
	@test -n "$(PYTHON)" || { echo "Python 3.11 is not on the PATH; install it first." >&2; exit 1; }
	@echo "==> Setting up .venv with $(PYTHON) (once; downloads are kept in .cache)"
	@$(PYTHON) -m venv .venv
	@test -e $(FETCHED) || $(BIN)/python -m pip download --dest $(WHEELS) $(PINNED)
	@touch $(FETCHED)
	@echo "==> Installing"
	@$(BIN)/python -m pip install --quiet --no-index --find-links $(WHEELS) $(PINNED)
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check --quiet
	@rm -f .venv/.ready-*
	@touch $@
	@echo "==> Set up"

demo: $(READY) ## Start four systems that disagree and watch the hub bring them together (ARGS=--once)
	@$(BIN)/mdhub demo $(ARGS)

test: $(READY) ## Run every test but the slow ones; starts the servers that it needs
	@$(BIN)/pytest -m "not slow" -n $(PROCESSES) --dist loadfile \
		--cov --cov-report=term:skip-covered --durations=10 --durations-min=5 \
		$(if $(ARGS),,--cov-fail-under=$(COVERED)) $(ARGS)

test-unit: $(READY) ## Run the tests that need no server, with the network off
	@$(BIN)/pytest -m "not postgres and not stack and not slow" $(ARGS)

check: $(READY) ## Lint, check the format, the types, who imports whom and the sizes
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy $(CODE)
	@$(BIN)/lint-imports
	@$(BIN)/pytest --quiet tests/architecture -m "not postgres and not stack and not slow"

fmt: $(READY) ## Format the code and mend what can be mended
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

bench: $(READY) ## Measure decoding, merging, mirroring and the transport on this machine
	@$(BIN)/python -m benchmarks $(ARGS)

match-report: $(READY) ## Print precision and recall on labelled pairs, and what changed since the frozen run
	@$(BIN)/python -m benchmarks.matching report $(ARGS)

lock: $(READY) ## Resolve pyproject.toml anew into requirements/*.txt
	@$(COMPILE) $(ARGS) --output-file=requirements/run.txt pyproject.toml
	@$(COMPILE) $(ARGS) --constraint=requirements/run.txt --extra=dev --output-file=requirements/dev.txt pyproject.toml
	@$(COMPILE) $(ARGS) --constraint=requirements/run.txt --extra=bench --output-file=requirements/bench.txt pyproject.toml

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
