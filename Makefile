# Two commands do everything on a fresh Debian or Ubuntu machine: `make demo` and `make test`.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.mcugen-ready
DEMO ?= build/demo
BOARD ?= nrf5340dk

.PHONY: demo test test-all lint setup clean

demo: setup
	$(BIN)/python -m examples.export ds_cnn --output $(DEMO)
	$(BIN)/mcugen emit $(DEMO)/ds_cnn.pt2 --board $(BOARD) --calibration $(DEMO)/ds_cnn_cal.npz --output $(DEMO)/ds_cnn
	$(BIN)/mcugen verify $(DEMO)/ds_cnn --layers --report $(DEMO)/ds_cnn.html

test: setup lint
	$(BIN)/python -m pytest -n 2 -m "not slow"

# Everything, long sweeps included: what CI runs.
test-all: setup lint
	$(BIN)/python -m pytest -n 2

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

setup: $(STAMP)
	@tools/install_system_packages.sh

# torch comes first and pinned: an open range would pull a CUDA build of several gigabytes.
$(STAMP): pyproject.toml constraints.txt tools/install_system_packages.sh
	tools/install_system_packages.sh
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	touch $@

clean:
	rm -rf build $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
