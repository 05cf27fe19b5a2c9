# Everything runs in a virtual environment, made on first use and filled again when a requirements file has changed.
.DEFAULT_GOAL := help
.PHONY: help run serve emulator test simulate quarter bench stack terraform image-tree test-image lint types check lock audit sbom setup clean

VENV := .venv
BIN := $(VENV)/bin
INSTALL := python -m pip -qq --disable-pip-version-check install --no-compile

DIR := build/image

# One of these, or what PYTHON names. The FDK does not run on 3.14 yet.
CANDIDATES := $(if $(PYTHON),$(PYTHON),python3.12 python3.11 python3.13 python3)
IS_FIT := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp ## watch thirty days of backups and their copies in a minute, with no tenancy (ARGS=--plain: no live view)
	@trap : INT; $(BIN)/python -m infra.local run $(ARGS) # Ctrl-C is for the command to end by itself

serve: $(VENV)/run.stamp ## keep the cloud and the function running, to invoke it with fn and curl (ARGS=--help: options)
	@trap : INT; $(BIN)/python -m infra.local serve $(ARGS) || [ $$? -eq 130 ] # Ctrl-C is how it ends

emulator: $(VENV)/run.stamp ## run the emulated cloud alone (ARGS=--help: options)
	@$(BIN)/python -m infra.emulator $(or $(ARGS),--regions us-ashburn-1,us-phoenix-1)

test: $(VENV)/test.stamp .venv-oci-cli/made.stamp ## run all tests (ARGS="-k copy": some of them)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)
	@$(if $(ARGS),,.ci/terraform)

simulate: $(VENV)/test.stamp ## run the function in SEEDS=1000 simulated worlds (FIRST=: from that seed on; SEED=: show one of them)
	@$(BIN)/python -m tests.simulation $(SEEDS) $(FIRST:%=--first %) $(SEED:%=--seed %)

quarter: $(VENV)/test.stamp ## run the function over a quarter of a year of a fleet of fifty, in SEEDS=1000 ways (FIRST=, SEED=: as above)
	@$(BIN)/python -m tests.quarter $(SEEDS) $(FIRST:%=--first %) $(SEED:%=--seed %)

bench: $(VENV)/test.stamp image-tree ## measure the function beside a bare and a plain one (ARGS="cold warm": part of it; --help: options)
	@FUNCTION_TREE="$(DIR)" $(BIN)/python -m tests.bench $(ARGS)

stack: $(VENV)/made.stamp ## pack what Resource Manager makes a stack from, into build/
	@$(BIN)/python -m infra.stack_archive build/cross-region-backup-stack.zip

image-tree: $(VENV)/made.stamp ## make what the function's image holds, with no container engine, in DIR=build/image
	@$(BIN)/python -m infra.image.prune "$(DIR)"

test-image: image-tree ## run all tests, those of the function's process against what the image holds (ARGS=: as above)
	@FUNCTION_TREE="$(DIR)" $(MAKE) --no-print-directory test

terraform: ## hold the stack to terraform fmt, validate and test, as far as they can be had
	@.ci/terraform

lint: $(VENV)/test.stamp ## check style and formatting
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: $(VENV)/test.stamp ## check types
	@$(BIN)/mypy

check: lint types test ## lint, types and tests, as the continuous integration does

lock: .venv-supply/made.stamp ## make the locks again from the requirements.in beside each (ARGS=--upgrade: with newer releases)
	@.venv-supply/bin/python -m infra.supply.lock $(ARGS)

audit: .venv-supply/made.stamp ## look up what is known against the locked packages (ARGS="-s osv": at OSV, not at PyPI)
	@.venv-supply/bin/python -m infra.supply.audit $(ARGS)

sbom: .venv-supply/made.stamp $(VENV)/run.stamp ## write the bill of materials of the locked packages to build/sbom.json, and which of them the image lacks
	@.venv-supply/bin/python -m infra.supply.sbom $(VENV) build/sbom.json

setup: $(VENV)/test.stamp ## install everything that the commands need

clean: ## remove what the commands made, also the virtual environments
	@rm -rf .venv .venv-* build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/made.stamp:
	@for python in $(CANDIDATES); do \
	  if $$python -c '$(IS_FIT)' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.11, 3.12 or 3.13 with its venv module is needed; looked for: $(CANDIDATES)." >&2; \
	  echo "Install one (Debian, Ubuntu: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3.12" >&2; \
	  exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$($$found --version)" && $$found -m venv $(VENV)
	@touch $@

$(VENV)/run.stamp: $(VENV)/made.stamp requirements.txt infra/requirements.txt
	@echo "Installing what the function and the emulated cloud need (a minute or so, once)"
	@$(BIN)/$(INSTALL) -r infra/requirements.txt
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp tests/requirements.txt
	@echo "Installing what the tests need"
	@$(BIN)/$(INSTALL) -r tests/requirements.txt
	@touch $@

.venv-oci-cli/made.stamp: tests/oci-cli-requirements.txt | $(VENV)/made.stamp
	@echo "Installing oci-cli, with which a test looks at the emulated cloud"
	@$(BIN)/python -m venv .venv-oci-cli
	@.venv-oci-cli/bin/$(INSTALL) -r tests/oci-cli-requirements.txt
	@touch $@

.venv-supply/made.stamp: infra/supply/requirements.txt | $(VENV)/made.stamp
	@echo "Installing what locks, audits and lists the packages"
	@$(BIN)/python -m venv .venv-supply
	@.venv-supply/bin/$(INSTALL) -r infra/supply/requirements.txt
	@touch $@
