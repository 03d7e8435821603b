# SPDX-License-Identifier: Apache-2.0
# The commands of a clone. `make sandbox` shows the suite, `make test` proves it; README.rst says more.

export PYTHON ?= python3
# The tests start some hundred processes; none shall compile anew what another has compiled.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
MADE := .venv/made
PYTEST := $(BIN)/python -m pytest
# Debian's Python comes without the part that makes environments.
CAN_VENV := $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null

.NOTPARALLEL:
.PHONY: help venv deps sandbox openstack-up openstack-down test quick lint docs soak samples clean

help:
	@echo 'make sandbox   the whole suite on this machine, and a tour of one lease (ONCE=1: the tour alone)'
	@echo 'make openstack-up, make openstack-down'
	@echo '               a real OpenStack with the suite beside it, to play with, and its end'
	@echo 'make test      all tests; installs Debian packages first, when root or sudo can'
	@echo 'make quick     the tests that need no server and little time'
	@echo 'make lint      style, types, layers, release notes'
	@echo 'make docs      the manual, into docs/_build'
	@echo 'make soak      the long forms of the tests'
	@echo 'make samples   the samples in etc/, from the code'
	@echo 'make deps      Debian packages and environments that tests and benchmarks need'
	@echo 'make clean     removes what the others made, but etc/'

venv: $(MADE)

$(MADE): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.x" if sys.version_info < (3, 11) else 0)'
	@$(CAN_VENV) || tools/deps venv
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --use-pep517 --editable '.[test,docs]'
	@touch $@

deps:
	@tools/deps test $$($(CAN_VENV) || echo venv) || echo 'deps: going on without; what needs them is skipped'

sandbox: venv
	$(BIN)/climate-sandbox $(if $(ONCE),--once)

openstack-up: deps venv
	@$(BIN)/python -m tools.openstack up

openstack-down: venv
	@$(BIN)/python -m tools.openstack down

# The servers' tests may skip only where the servers cannot be had.
test: deps venv
	@CLIMATE_REQUIRE_SERVERS="$$(tools/deps --check test 2>/dev/null && echo 1)" $(PYTEST)

quick: venv
	$(PYTEST) -m 'not slow and not servers'

lint: venv
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/reno lint

docs: venv
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_build

soak: deps venv
	CLIMATE_SOAK=1 $(PYTEST) -m soak

samples: venv
	$(BIN)/python -m tools.samples

clean:
	rm -rf .venv .deps *.egg-info build dist docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
