# The everyday commands. `make run` and `make test` need Python 3.11+ and make, nothing else.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SOURCES := shared functions local ops tests bench
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install run test lint bench lock clean

help: ## Show the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-7s %s\n", $$1, $$2}'

install: $(INSTALLED) ## Make the virtual environment with the pinned packages (the others do it by themselves)

run: $(INSTALLED) ## Run the demonstration: the whole bundle on this machine (ARGS="--help" lists its options)
	@$(BIN)/python -m local $(ARGS)

test: $(INSTALLED) ## Run all tests (ARGS="tests/unit" runs some)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

lint: $(INSTALLED) ## Check style, types and formatting
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy $(SOURCES)
	@if command -v terraform >/dev/null; then terraform fmt -check -recursive -diff terraform; fi

bench: $(INSTALLED) ## Measure, as ratios to a named floor
	@$(BIN)/python -m bench $(ARGS)

lock: $(INSTALLED) ## Pin again what requirements*.in name (needs uv on PATH)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements-dev.in -o requirements-dev.txt
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements.in -c requirements-dev.txt -o requirements.txt

clean: ## Remove the virtual environment and everything the local stack wrote
	@rm -rf $(VENV) .local .local.lock .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements-dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on PATH; Python 3.11 or newer is needed. Say which one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version). Say which one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making the virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages (about 750 MB; a minute or two, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
