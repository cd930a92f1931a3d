# The project's commands. Each makes .venv if there is none and installs into it once; again only when the lists of packages change.
#   make app    the lessons as apps, in the browser        make test   all tests
#   make lab    the lessons as notebooks, in JupyterLab    make bench  benchmarks (ratios of times)
#   make check  ruff, import contracts, types              make clean  forget .venv and caches
# CPU=1 takes torch from PyTorch's own index of CPU builds (on Linux, PyPI's torch brings gigabytes of CUDA): make app CPU=1
# JOBS=2 sets how many tests run at once.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help app lab test test-fast test-browser bench check install constraints clean

OLD_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$p" -c '$(OLD_ENOUGH)' 2>/dev/null && { echo "$$p"; break; }; done)
endif

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
INDEX := $(if $(CPU),--extra-index-url https://download.pytorch.org/whl/cpu)

# One thread each: with more, small matrix products get slower on a busy machine, and results change in the last bits.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@sed -nE '2,$$s/^# +(make|CPU|JOBS)/  \1/p' Makefile

app: $(READY)
	@$(BIN)/python -m lsviz app

lab: $(READY)
	@$(BIN)/python -m lsviz lab

FAST := $(BIN)/python -m pytest -n $(JOBS) -m "not browser"
BROWSER := $(BIN)/python -m pytest -n $(JOBS) -m "browser and not times" tests/test_browser*.py
TIMES := $(BIN)/python -m pytest -m times tests/test_browser*.py

# Those in the browser run after the others, and those that hold times last, alone and one at a time.
test: $(READY)
	@status=0; $(FAST) || status=1; $(BROWSER) || status=1; $(TIMES) || status=1; exit $$status

test-fast: $(READY)
	$(FAST)

test-browser: $(READY)
	@status=0; $(BROWSER) || status=1; $(TIMES) || status=1; exit $$status

bench: $(READY)
	@status=0; for file in $$(grep -l __main__ benchmarks/*.py); do $(BIN)/python $$file || status=1; done; exit $$status

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

install: $(READY)

$(BIN)/python:
	@if ! "$(PYTHON)" -c '$(OLD_ENOUGH)' 2>/dev/null; then \
		echo "lsviz needs Python 3.11 or newer; found: $$("$(or $(PYTHON),python3)" --version 2>&1 || echo none)." >&2; \
		echo "Install one and name it (make app PYTHON=python3.12), or take the conda way in README.md." >&2; \
		exit 2; \
	fi
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); exit 2; }

$(READY): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing lsviz and what it needs into $(VENV) (some minutes, once)"
	@$(BIN)/python -m pip install --quiet $(INDEX) -e ".[torch,e3nn,sweep,dev]" -c constraints.txt
	@$(BIN)/python -c "from lsviz.packing import compiling; compiling.compile_all()"
	@touch $(READY)

# After an upgrade that the tests have passed: write down what they ran on.
constraints: $(READY)
	{ echo "# What the tests ran on; pip install -c constraints.txt. Written by 'make constraints'."; \
	  $(BIN)/python -m pip list --format=freeze --exclude-editable --exclude pip --exclude setuptools | sed 's/+.*//'; } > constraints.txt.new
	mv constraints.txt.new constraints.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
