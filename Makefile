# The everyday commands. `make run` and `make test` need Python 3.11+ and make, nothing else.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SOURCES := shared functions local ops tests bench scripts
ARGS ?=
CLOCK ?=
# Images of containers often set it. The bundle is some thirty processes: each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
# The lock is complete, so nothing is resolved here: no pip, however old, can come to another result. uv is faster, and
# taken where it is; it does not read pip's configuration (an index of your own), so pip tries if it fails.
LOCK_ONLY := --no-deps --require-hashes -r requirements-dev.txt
UV_INSTALL = uv pip install --quiet --python $(BIN)/python $(LOCK_ONLY)
PIP_INSTALL = PIP_USER=0 $(BIN)/python -m pip install -qq --disable-pip-version-check $(LOCK_ONLY)
# Who made a mistake has been told what it is; make's "*** Error 2" would only stand below it. So make ends here without a
# word, with exit code 141; where SIGPIPE is ignored, with its own word and 2.
QUIETLY = { kill -PIPE $$PPID; exit 2; }
TELLS_MISTAKES = || { code=$$?; [ $$code -ne 2 ] || $(QUIETLY); exit $$code; }
# A symlink, or a folder with something else in it, is not ours to empty.
IS_OURS = [ ! -L $(VENV) ] && { [ ! -d $(VENV) ] || [ -f $(VENV)/pyvenv.cfg ] || [ -z "$$(ls -A $(VENV))" ]; }
FINDS_PYTHON = command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on PATH; Python 3.11 or newer is needed. $(OTHER_PYTHON)"; $(QUIETLY); }
SAYS_VERSION = import sys; print(*sys.version_info[:2], sep=".")
OTHER_PYTHON = Say which one: make PYTHON=python3.12 $(MAKECMDGOALS)

.DEFAULT_GOAL := help
.PHONY: help install run test lint bench lock clean

help: ## Show the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-7s %s\n", $$1, $$2}'

install: $(INSTALLED) ## Make the virtual environment with the pinned packages (the others do it by themselves)

run: $(INSTALLED) ## Run the demonstration: the whole bundle on this machine (ARGS="--help" lists its options)
	@$(BIN)/python -m local $(ARGS) $(TELLS_MISTAKES)

test: $(INSTALLED) ## Run all tests (ARGS="tests/unit" runs some, CLOCK="+400d" on another day)
	@$(if $(CLOCK),$(BIN)/python -m tests.clock "$(CLOCK)") $(BIN)/python -m pytest -n 4 --dist loadgroup --max-worker-restart 1 $(ARGS)

lint: $(INSTALLED) ## Check style, types and formatting
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy $(SOURCES)
	@if command -v terraform >/dev/null; then terraform fmt -check -recursive -diff terraform; fi

bench: $(INSTALLED) ## Measure, as ratios to a named floor (ARGS="--help" lists what)
	@$(BIN)/python -m bench $(ARGS) $(TELLS_MISTAKES)

lock: ## Pin again what requirements*.in name (needs uv on PATH)
	@$(PYTHON) scripts/lock.py

clean: ## Remove the virtual environment and everything the local stack wrote
	@rm -rf .venv .venv-* .local .local.lock .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Who names a Python gets that one, also if there is an environment already.
.PHONY: named-python
named-python:
	@[ "$(origin PYTHON)" != "command line" ] || [ ! -f $(INSTALLED) ] || { \
	  $(FINDS_PYTHON); \
	  here=$$($(BIN)/python -c '$(SAYS_VERSION)'); named=$$($(PYTHON) -c '$(SAYS_VERSION)'); \
	  [ "$$here" = "$$named" ] || { echo "$(VENV) has Python $$here, not $$named. Say another environment: make PYTHON=$(PYTHON) VENV=.venv-$$named $(MAKECMDGOALS)"; $(QUIETLY); }; }

$(INSTALLED): requirements-dev.txt | named-python
	@$(FINDS_PYTHON)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version). $(OTHER_PYTHON)"; $(QUIETLY); }
	@$(IS_OURS) || { echo "$(VENV) is no virtual environment of this checkout, so it is not replaced. Remove it, or say another: make VENV=.venv-2 $(MAKECMDGOALS)"; $(QUIETLY); }
	@echo "Installing the pinned packages into $(VENV), once: 190 MB to download, 750 MB on disk, a minute or two ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@if command -v uv >/dev/null && $(UV_INSTALL) 2>/dev/null; then :; else $(PIP_INSTALL); fi
	@$(BIN)/python -m pip check >$(VENV)/check.log || { cat $(VENV)/check.log; exit 1; }
	@touch $@
