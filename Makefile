# The few everyday commands. CHX_PYTHON names the interpreter of a virtual
# environment that has `.[test]` installed.
CHX_PYTHON ?= .venv/bin/python
BIN = $(dir $(CHX_PYTHON))

.PHONY: check test quick compiled format site bench

check:
	$(BIN)ruff check .
	$(BIN)ruff format --check .
	$(CHX_PYTHON) tests/mypy_check.py
	$(CHX_PYTHON) tests/house/layers.py

test: check
	$(CHX_PYTHON) -m pytest

quick:
	$(CHX_PYTHON) -m pytest -q -m "not sandbox and not network and not slow"

compiled:
	CHX_TEST_RUNTIME=compiled $(CHX_PYTHON) -m pytest -q -m "not (sandbox or network or slow or emulator)" \
	    tests/evaluator tests/lang tests/cli

format:
	$(BIN)ruff format .
	$(BIN)ruff check --fix .

site:
	$(CHX_PYTHON) -m sphinx -W --keep-going -b html docs build/site

bench:
	$(CHX_PYTHON) bench/noop.py
