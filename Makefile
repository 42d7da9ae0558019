# The only things needed: make and Python 3.11 with venv. Everything else comes from the locks.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: help setup run test demo lint types layers bench lock web clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: ## build .venv and the browser app (does nothing when nothing changed)
	@$(PYTHON) tools/setup.py

run: setup ## start the service on port 8787, data under ./data
	@exec $(BIN)/python -m bindery serve $(ARGS)

test: setup ## every check and every test (ARGS go to pytest)
	@exec $(BIN)/python tools/check.py --tests $(ARGS)

demo: setup ## one whole wish against a bundled world (ARGS=--once ends there)
	@exec $(BIN)/python -m bindery demo $(ARGS)

lint: setup ## format, lint
	@exec $(BIN)/python tools/check.py format lint async

types: setup ## basedpyright, svelte-check
	@exec $(BIN)/python tools/check.py types web-types

layers: setup ## who may import whom
	@exec $(BIN)/python tools/check.py layers

bench: setup ## the workloads of bench/, as a table (ARGS choose)
	@exec $(BIN)/python -m bench $(ARGS)

lock: setup ## write requirements/*.txt anew (ARGS="-U" or "-P name")
	@$(PYTHON) tools/setup.py lock $(ARGS)

web: setup ## build the browser app only

clean: ## remove what was built; ./data stays
	@rm -rf .venv .setup.lock .check web/node_modules bindery/http/static
	@rm -rf .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
