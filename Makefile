# Each target makes .venv by itself; python3 and make are all a machine needs. Another interpreter: make PYTHON=python3.13
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
# Processes that share the tests; 0 for none: make test WORKERS=0
WORKERS ?= 2

.PHONY: help demo test lint bench compiled fuzz interop clean

help:
	@echo "make demo     a car gives back 15 kWh in the evening and is charged by the morning (report in out/)"
	@echo "make test     the tests, a few minutes; arguments for pytest: make test ARGS='-m slow'; one process: WORKERS=0"
	@echo "make lint     ruff, formatter, mypy strict"
	@echo "make bench    how quick the EXI codec is, beside JSON and a Java codec; make bench ARGS=--no-josev"
	@echo "make compiled the compiled EXI codec, into the source tree; needs a C compiler and some minutes"
	@echo "make fuzz     five million damaged inputs for a schema set: make fuzz KEY=DC (docs/how-to/fuzz.md)"
	@echo "make interop  sessions with a foreign peer; needs root and Java"
	@echo "make clean    remove .venv, caches and out/"

demo: $(VENV)/.runtime
	$(VENV)/bin/v2g sim evening

test: $(VENV)/.dev
	$(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: $(VENV)/.dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

bench: $(VENV)/.dev
	$(PY) -m bench.exi $(ARGS)

compiled: $(VENV)/.dev
	EVBPT_COMPILE=1 $(PIP) install -qq --no-deps --editable .
	$(PY) -c "from iso15118 import exi; print('EXI backend:', exi.BACKEND)"

fuzz: $(VENV)/.fuzz
	$(PY) -m fuzz.run --key $(or $(KEY),all) $(ARGS)

interop: $(VENV)/.dev
	$(PY) -m pytest -m interop tests/interop $(ARGS)

clean:
	rm -rf $(VENV) out build iso15118/exi/_compiled*.so .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: what is installed is installed again only when pyproject.toml says something new.
$(VENV)/.pip: tools/make_venv.py
	$(PYTHON) tools/make_venv.py $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.pip pyproject.toml
	$(PIP) install -qq --editable '.[sim]'
	@touch $@

$(VENV)/.dev: $(VENV)/.pip pyproject.toml
	$(PIP) install -qq --editable '.[dev]'
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev
	$(PIP) install -qq 'atheris==3.0.0'
	@touch $@
