# Two commands matter: `make run` and `make test`. Both set up what they need; later runs need no network for it.

SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c

SETUP := scripts/bootstrap
BIN := .venv/bin

export SIGNALBOX_DATA ?= $(CURDIR)/.data
export SIGNALBOX__ENGINE__ROOT ?= $(CURDIR)/.cache/engine
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# Quick and pure first, so that a mistake is told within seconds; what kills processes comes last.
TESTS := $(wildcard tests/unit tests/fuzz tests/rehearsal tests/store tests/web tests/engine tests/bench \
  tests/browser tests/faults)

.PHONY: help run test lint bench requirements docs faults setup setup-dev engine console \
  lint-style lint-types lint-imports lint-dependencies lint-console

help:
	@printf '%s\n' \
	  'make run           set up and start everything in the foreground' \
	  'make test          set up, lint and run every test' \
	  'make lint          ruff, mypy, import-linter, deptry, Biome, tsc' \
	  'make faults        only the tests that kill, cut, fill and flood' \
	  'make bench         measure this machine' \
	  'make requirements  which catalogue lines are proven by a passing test' \
	  'make docs          build the documentation into site/'

run: setup
	@exec $(BIN)/signalbox up

test: setup-dev
	@rm -rf test-results/requirements.json
	$(MAKE) --no-print-directory lint
	echo '[test] pytest: $(TESTS)'
	$(BIN)/python -m pytest $(TESTS) $(PYTEST) </dev/null

# Every check runs, also after one has failed.
lint:
	@$(SETUP) run-packages python-dev
	mkdir -p .cache
	$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target \
	  lint-style lint-types lint-imports lint-dependencies lint-console

lint-style:
	@echo '[lint] ruff'
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .

lint-types:
	@echo '[lint] mypy'
	$(BIN)/mypy --no-error-summary

lint-imports:
	@echo '[lint] import contracts'
	$(BIN)/lint-imports --no-logo > .cache/lint-imports.log || { cat .cache/lint-imports.log; exit 1; }

lint-dependencies:
	@echo '[lint] dependencies'
	$(BIN)/deptry signalbox 2> .cache/deptry.log || { cat .cache/deptry.log; exit 1; }

lint-console:
	@echo '[lint] console'
	$(SETUP) console-lint

faults: export SIGNALBOX_FAULT_ROUNDS ?= 60
faults: setup-dev
	@$(BIN)/python -m pytest tests/faults $(PYTEST) </dev/null

bench: setup-dev
	@$(BIN)/python -m bench

requirements: setup-dev
	@$(BIN)/python scripts/requirements.py

# In a folder of its own: zensical takes the .cache beside its configuration for its own, and empties it.
docs: setup-dev
	@rm -rf .cache/docs site
	mkdir -p .cache/docs
	cp -r mkdocs.yml docs .cache/docs/
	(cd .cache/docs && ../../$(BIN)/zensical build --strict)
	mv .cache/docs/site site
	echo 'The documentation is in site/index.html'

# The engine and the console have nothing to do with each other, and both take a while the first time. Later `up` looks
# after the engine itself.
setup:
	@$(SETUP) run-packages python
	$(MAKE) --no-print-directory --jobs=2 console $(if $(wildcard $(SIGNALBOX__ENGINE__ROOT)/current),,engine)

setup-dev:
	@$(SETUP) test-packages python-dev
	$(MAKE) --no-print-directory --jobs=2 engine console

engine:
	@$(SETUP) engine

console:
	@$(SETUP) console
