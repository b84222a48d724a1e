# A fresh clone needs Python 3.11 or newer and make; everything else goes into .venv, in the versions of
# requirements.lock, and again when that or pyproject.toml changes. `make PYTHON=/path/to/python3 ...` names an
# interpreter.

PYTHON ?= python3
BIN := .venv/bin
LOCK := requirements.lock
# The lock also holds for what builds the package: pip before 25.3 hands it the first of the two, later ones the second.
PIP := PIP_CONSTRAINT=$(LOCK) PIP_BUILD_CONSTRAINT=$(LOCK) $(BIN)/python -m pip install -qq --disable-pip-version-check
VENV_READY := .venv/ready
DEV_READY := .venv/ready-dev

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test snapshots test-newest test-lowest lint lock bench clean

help:   ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s%s\n", $$1, $$2 }' Makefile

demo: $(VENV_READY)  ## two simulated models at 1, 4, 16 and 64 users, then a PDF (no key, no network)
	@$(BIN)/firsttoken run quickstart; code=$$?; case $$code in 0) ;; \
	  2|4) echo "Exit code $$code is a verdict (NO-GO or UNKNOWN, see above), and no failure of the demo." >&2 ;; \
	  *) exit $$code ;; esac

test: $(DEV_READY)  ## every test, a real llama.cpp server's included
	@$(BIN)/python -m pytest -n 3 --dist loadfile

snapshots: $(DEV_READY)  ## renew tests/snapshots/ and scenarios/scenario.schema.json, then read the change
	@$(BIN)/python -m pytest --write-snapshots

coverage: $(DEV_READY)  ## branch coverage, in process, of what drives a load: the list in pyproject.toml, 85 % of each
	@$(BIN)/coverage run -m pytest tests/load/behaviour/test_request.py tests/load/session tests/load/workers \
	  --ignore tests/load/session/test_target.py
	@$(BIN)/coverage report | awk '{ print } / [0-9]+%$$/ && $$NF + 0 < 85 { low = 1 } END { exit low || NR < 9 }'

test-newest: $(DEV_READY)  ## every test with the newest versions that pyproject.toml allows; TESTS=... names some of them
	@$(call test_with,.venv-newest,highest)

test-lowest: $(DEV_READY)  ## every test with the lowest ones
	@$(call test_with,.venv-lowest,lowest-direct)

lint: $(DEV_READY)  ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

lock: $(DEV_READY)  ## renew requirements.lock, to the newest versions that pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest --all-extras \
	  --custom-compile-command "make lock" --output-file $(LOCK) pyproject.toml

bench: $(DEV_READY)  ## the benchmarks: one table, and .cache/benchmarks/bench.json (over half an hour; see docs/benchmarks.md)
	@$(BIN)/python tests/benchmarks/bench.py $(BENCH)

clean:  ## remove every .venv and cache; runs/ stays
	@rm -rf .venv .venv-* .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist *.egg-info

$(VENV_READY): pyproject.toml $(LOCK) | $(BIN)/pip
	@echo "Installing FirstToken into .venv (about a minute, once) ..." >&2
	@$(PIP) --editable .
	@touch $@

$(DEV_READY): pyproject.toml $(LOCK) | $(BIN)/pip
	@echo "Installing FirstToken and its development tools into .venv (a minute or two, once) ..." >&2
	@$(call install_all,$(PIP))
	@touch $(VENV_READY) $@

# With the llama.cpp server where there is one for this platform; in CI there has to be.
define install_all
$(1) --editable '.[dev,real]' --only-binary xllamacpp || { \
  test -z "$$CI" && $(1) --editable '.[dev]' && \
  echo "No llama.cpp server (xllamacpp) for this platform: the tests marked 'real' will be skipped." >&2; }
endef

# A fresh environment beside .venv, whose versions are resolved anew each time.
define test_with
$(BIN)/python -m venv --clear $(1) && \
{ $(call install_all,$(BIN)/uv pip install --quiet --python $(1) --resolution $(2)); } && \
$(1)/bin/python -m pytest -n 3 --dist loadfile $(TESTS)
endef

# The first interpreter that is new enough, the named one preferred. It is asked, not just looked up: a shim may stand
# for a version that is not installed, and Debian ships Python without the part that makes a venv.
$(BIN)/pip:
	@for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  version=$$($(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null); \
	  echo "FirstToken needs Python 3.11 or newer; $(PYTHON) is $${version:-not there}." \
	    "Install one, or name it: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$found cannot make a virtual environment: its venv module is missing." \
	    "On Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 1; \
	fi; \
	$$found -m venv .venv
