# `make demo` and `make test` are all a newcomer needs; both make the environment first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -qq
PORT ?= 8000

.PHONY: demo test test-long lint lock advisories bench soak install clean

demo: $(VENV)/.run
	@PORT=$(PORT) $(BIN)/oneroster-gateway demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2

test-long: $(VENV)/.dev
	$(BIN)/python -m tests.gateway.alike 10000
	$(BIN)/python -m tests.gateway.granted 10000
	$(BIN)/python -m tests.faults.test_model 1000 50
	$(BIN)/python -m tests.faults.pairs
	$(BIN)/python -m tests.gateway.crossings
	$(BIN)/python -m tests.gateway.idle_clients
	$(BIN)/python -m tests.gateway.audited

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

lock: $(VENV)/.dev
	$(PIP) uv
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --constraint constraints.txt --no-emit-package httpx2-jsfetch \
	  --output-file requirements.lock pyproject.toml

advisories: $(BIN)/python
	@.ci/advisories $(BIN)/python

bench: $(VENV)/.dev
	$(BIN)/python -m bench
	$(BIN)/python -m bench.reading
	$(BIN)/python -m bench.execution

soak: $(VENV)/.dev
	$(BIN)/python -m bench.soak

install: $(VENV)/.dev

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.run
