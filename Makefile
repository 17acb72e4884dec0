# Two commands do everything on a fresh Debian or Ubuntu machine: `make demo` and `make test`. `make help` lists them all.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.mcugen-ready
DEMO ?= build/demo
BOARD ?= nrf5340dk
# What installs into the environment, for example `uv pip install --python .venv --torch-backend cpu`.
INSTALL ?= $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Tests of less than a minute together: pages, boards, reports, emitted text, the way data flows.
QUICK ?= tests/test_architecture.py tests/boards tests/report tests/docs tests/emit/test_golden.py tests/emit/test_names.py
EXAMPLES := build/bench/ds_cnn.pt2
# Tests that stand together go to one process, which makes once what they share. With bytecode kept, the many commands that
# tests start do not compile the package anew.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: help demo test test-all quick lint format bench bench-check hooks dist docs setup clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## a keyword-spotting network from PyTorch to verified, counted firmware
	$(BIN)/python -m examples.export ds_cnn --output $(DEMO)
	$(BIN)/mcugen emit $(DEMO)/ds_cnn.pt2 --board $(BOARD) --calibration $(DEMO)/ds_cnn_cal.npz --output $(DEMO)/ds_cnn
	$(BIN)/mcugen verify $(DEMO)/ds_cnn --layers --report $(DEMO)/ds_cnn.html

test: setup lint ## lint, types, and every test that is not slow: less than ten minutes on two cores
	$(PYTEST) -m "not slow"

test-all: setup lint ## the long sweeps too, which CI draws samples of: hours
	$(PYTEST)

quick: setup ## tests of less than a minute, as the hook before a push runs them
	$(BIN)/python -m pytest -q -n 0 -m "not slow and not emulator" $(QUICK)

lint: setup ## ruff and mypy, as the hook before a commit runs them
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## what ruff can mend by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup $(EXAMPLES) ## count the example networks; write the baseline and the page (CMSIS_NN_PATH: beside CMSIS-NN)
	$(BIN)/mcugen bench benchmarks/examples.yml --baseline benchmarks/baseline.json --update-baseline --markdown docs/benchmarks.md

bench-check: setup $(EXAMPLES) ## mcugen's own kernels against the baseline: fails where a count rose by more than 1 %
	$(BIN)/mcugen bench benchmarks/examples.yml --kernels native --baseline benchmarks/baseline.json

$(EXAMPLES): $(wildcard examples/*.py examples/models/*.py)
	$(BIN)/python -m examples.export all --output $(@D)
	touch $@

hooks: setup ## install the hooks of .pre-commit-config.yaml into this clone
	$(INSTALL) -c constraints.txt -e ".[test,dev]"
	$(BIN)/pre-commit install

dist: setup ## wheel and source distribution in dist/, checked in fresh environments
	$(INSTALL) -c constraints.txt -e ".[test,dev]"
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	MCUGEN_DISTRIBUTIONS=dist $(BIN)/python -m pytest -n 0 tests/packaging

docs: setup ## the pages as a site in build/site, to be read without a network
	$(INSTALL) -c constraints.txt -e ".[test,docs]"
	$(BIN)/mkdocs build --strict --site-dir build/site

setup: $(STAMP) ## the environment in .venv, and the system's packages
	@tools/install_system_packages.sh

# torch comes first and pinned: an open range would pull a CUDA build of several gigabytes.
$(STAMP): pyproject.toml constraints.txt tools/install_system_packages.sh
	tools/install_system_packages.sh
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -c constraints.txt torch==2.13.0
	$(INSTALL) -c constraints.txt -e ".[test]"
	touch $@

clean: ## remove what the targets made
	rm -rf build dist $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
