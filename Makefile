# Everything runs from a fresh clone. Settings (WABP_*) pass through untouched: their defaults live in wabp.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 2
KILLS ?= 200
LISTED := setup.cfg pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test fast lint bench faults

help: ## list these commands
	@grep -E '^[a-z]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | \
		while IFS="$$(printf '\t')" read -r name what; do printf '  make %-7s %s\n' "$$name" "$$what"; done

run: $(VENV)/.ready-to-run ## serve the product, with the demo zone when the database is empty
	@$(BIN)/wabp migrate && $(BIN)/wabp demo --if-empty && exec $(BIN)/wabp run

test: $(VENV)/.ready-to-test lint ## everything that must hold: style, types, units, PostgreSQL, browser
	@tools/need postgresql redis-server chromium
	@$(PYTEST) -n $(WORKERS)

fast: $(VENV)/.ready-to-test ## the quick tests: no PostgreSQL, no browser, no real processes
	@$(PYTEST) -n $(WORKERS) -m 'not postgres and not browser and not process'

lint: $(VENV)/.ready-to-test ## style and types
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary

bench: $(VENV)/.ready-to-bench ## scores and speed, a JSON line each; ONLY="check pace" for some, CORPUS=folder for other texts
	@tools/need postgresql redis-server
	@set -e; for file in $(if $(ONLY),$(ONLY:%=bench/%.py),bench/[a-z]*.py); do $(BIN)/python "$$file"; done

faults: $(VENV)/.ready-to-test ## kill the product 200 times while it sends, on both databases (an hour); KILLS=20 for less
	@tools/need postgresql redis-server
	@$(BIN)/python -m tests.faults --database sqlite --kills $(KILLS)
	@$(BIN)/python -m tests.faults --database postgres --kills $(KILLS)

$(BIN)/python:
	@tools/venv '$(PYTHON)' $(VENV) create >&2

# A stamp is newer than the files that list what to install, so nothing is installed twice.
$(VENV)/.ready-to-run: $(LISTED) | $(BIN)/python
	@tools/venv '$(PYTHON)' $(VENV) install . >&2
	@touch $@

$(VENV)/.ready-to-test: $(LISTED) | $(BIN)/python
	@tools/venv '$(PYTHON)' $(VENV) install '.[test]' >&2
	@touch $@ $(VENV)/.ready-to-run

$(VENV)/.ready-to-bench: $(LISTED) | $(BIN)/python
	@tools/venv '$(PYTHON)' $(VENV) install '.[bench]' >&2
	@touch $@ $(VENV)/.ready-to-run
