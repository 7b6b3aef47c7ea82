# Everything that a person does with this tree, one word each. `make` alone lists the words.
# `demo` and `test` need Python 3.11+, git and make, and set up the rest themselves, once per change of requirements.lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Passed on to the tool behind a target, as in: make test ARGS="tests/core -k expiry"
ARGS ?=
# What `make simulate` runs: from which seed on, how many runs, how many steps each, most organizations in each.
SEED ?= 0
# A seed that somebody names is one that failed, and is run alone.
RUNS ?= $(if $(filter file,$(origin SEED)),2000,1)
STEPS ?= 400
ORGANIZATIONS ?= 3
SOURCES := $(wildcard src tests scripts bench conftest.py)

# $(call pytest,MARKERS,ALONE): most tests share a few processes, each file in one of them. Those of the second markers come
# after them, with nothing beside them: they measure times, fill every core, or place calls whose timers wait for nobody.
# A selection of one's own runs in one process, which starts sooner.
define pytest
$(if $(ARGS),$(BIN)/python -m pytest -m "$(1)" $(ARGS),\
code=0; \
$(BIN)/python -m pytest -m "$(1) and not ($(2))" --numprocesses=auto --dist=loadfile || code=$$?; \
$(BIN)/python -m pytest -m "$(1) and ($(2))" || code=$$?; \
exit $$code)
endef

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-slow simulate check bench call cluster identity-provider fmt lock

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-26s%s\n", $$1, $$2 }'

demo: $(VENV)/installed ## start everything with sample organizations and live traffic; prints where to look (Ctrl-C stops it)
	@$(BIN)/commcredits demo $(ARGS)

serve: $(VENV)/installed ## run the product on this machine: charging, web and worker processes
	@$(BIN)/commcredits serve $(ARGS)

test: check ## run the checks, then every test that does not take long, several at a time
	@$(call pytest,not slow,alone)

test-slow: $(VENV)/installed ## run the tests that take long: hundreds of real calls through each kind of switch
	@$(call pytest,slow,alone or switch)

simulate: $(VENV)/installed ## try to hurt people by payments and auto-recharge, in seeded runs (SEED, RUNS, STEPS, ORGANIZATIONS)
	@$(BIN)/python -m tests.simulation --seed $(SEED) --runs $(RUNS) --steps $(STEPS) --organizations $(ORGANIZATIONS)

check: $(VENV)/installed ## lint, formatting, types, import contracts, lock file; nothing is changed
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/ruff format --quiet --diff $(SOURCES)
	@$(BIN)/mypy --no-error-summary $(SOURCES)
	@$(BIN)/lint-imports --no-cache >$(VENV)/lint-imports.txt || { cat $(VENV)/lint-imports.txt; exit 1; }
	@$(BIN)/python scripts/lock.py check
	@echo "check: lint, formatting, types, import contracts and lock file are clean"

bench: $(VENV)/installed ## measure charging on this machine and print the table of ratios
	@$(BIN)/python -m bench $(ARGS)

call: $(VENV)/installed ## place real SIP calls through Kamailio; ARGS=--first: one, and what it cost (needs kamailio and sip-tester)
	@$(BIN)/python scripts/place_calls.py $(ARGS)

cluster: $(VENV)/clustered ## add local Spark to .venv, half a gigabyte, for the tests marked cluster (needs Java 17 or newer)

identity-provider: tests/identity_provider/node_modules/installed ## install the provider that sign-in is tested against (needs Node.js and npm)

fmt: $(VENV)/installed ## format the code and apply the lint fixes that are safe
	@$(BIN)/ruff check --quiet --fix-only $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

lock: $(VENV)/installed ## write the lock files from pyproject.toml (ARGS=--upgrade takes newer versions)
	@$(BIN)/python scripts/lock.py write $(ARGS)

# The project itself is installed last and without dependencies: the lock has brought them all, hash by hash.
$(VENV)/installed: $(VENV)/locked pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# An isolated build would fetch its tools without a hash; requirements.lock has brought them.
$(VENV)/clustered: requirements-cluster.lock $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation \
		--requirement requirements-cluster.lock
	@touch $@

# Every archive is checked against its hash in the lock file, and no script of a package is run.
tests/identity_provider/node_modules/installed: tests/identity_provider/package-lock.json
	@cd tests/identity_provider && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(VENV)/locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; '$(PYTHON)' is not. Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' \
		|| { echo "'$(PYTHON)' has no venv module; install it (on Debian: the package python3-venv)" >&2; exit 1; }
	@echo "Setting up $(VENV) from requirements.lock; this happens once and takes a minute or two."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@
