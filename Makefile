# Needs Python >= 3.11, make and the package registry; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo test test-all check bench docs lock proto clean

setup: $(STAMP)

$(STAMP): pyproject.toml requirements/constraints.txt requirements/dev.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt -r requirements/dev.txt -e ".[test,train]"
	touch $@

demo: setup
	$(BIN)/ctk demo -o ctk-demo

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/pytest -n 2 -m "not slow"

test-all: check
	$(BIN)/pytest -n 2

bench: setup
	$(BIN)/python benchmarks/conversion_cost.py
	$(BIN)/python benchmarks/help_cost.py
	$(BIN)/python benchmarks/backend_overhead_cost.py
	$(BIN)/python benchmarks/presets_cost.py
	$(BIN)/python -m benchmarks.harness_cost
	$(BIN)/python -m benchmarks.peaks_cost
	$(BIN)/python -m benchmarks.statistics_simulations
	$(BIN)/python -m benchmarks.settling_simulations
	$(BIN)/python -m benchmarks.real_trials --threads 1 --trials 75 --resolved 30
	$(BIN)/python -m benchmarks.fault_commands

docs: setup
	$(BIN)/python docs/generate.py

# Regenerates the reader of converters/caffe/schema/caffe.proto; the result is committed.
proto: setup
	$(BIN)/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. converters/caffe/schema/caffe.proto

# Writes the versions that are installed now as the ones every fresh install gets.
lock: setup
	$(BIN)/python -m pip freeze --exclude-editable | sed "s/+cpu$$//" > requirements/constraints.txt

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache ctk-out ctk-demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
