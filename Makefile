# What one needs: Python >= 3.11 and make. Everything else comes from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.PHONY: help demo test collect chaos hosts overload model bench flame lint lock clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -hE '^[a-z.]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(STAMP)  ## everything on this machine, the four seed payloads sent to the simulator (KEEP=1: leave it running)
	$(BIN)/dispatcher demo $(if $(KEEP),--keep)

test collect: export PYTHONDONTWRITEBYTECODE :=  # hundreds of processes would compile what one can keep

test: $(STAMP)  ## the whole suite, against Valkey and PostgreSQL that it starts itself
	$(MAKE) --jobs 2 lint collect
	$(BIN)/pytest -n 4 --dist worksteal -m "not alone" $(ARGS)
	$(BIN)/pytest -n 4 --dist worksteal -m alone $(ARGS) || [ $$? -eq 5 ]  # 5: none of them is among ARGS

collect: $(STAMP)
	$(BIN)/pytest --collect-only -qqq  # so that its modules are compiled once, not by each worker at the same time

chaos: $(STAMP)  ## campaigns under random faults, with a verdict: SEED=1 RUNS=3 MESSAGES=5000 SPAN=240 STRIKES=39
	$(BIN)/python -m tests.chaos $(foreach name,SEED RUNS MESSAGES SPAN STRIKES,\
		$(if $($(name)),--$(shell echo $(name) | tr A-Z a-z) $($(name))))

hosts: $(STAMP)  ## three hosts with clocks of their own on this machine (Linux, root), cut off by turns: MESSAGES=2000
	$(BIN)/python -m tests.hosts $(if $(MESSAGES),--messages $(MESSAGES))

model: $(STAMP)  ## interleavings of the real stations, scripts and statements, thousands of them: SEED=1 PLAYS=500
	DISPATCHER_MODEL_SEED=$(or $(SEED),1) DISPATCHER_MODEL_PLAYS=$(or $(PLAYS),500) $(BIN)/pytest -s --timeout 0 tests/model $(ARGS)

overload: $(STAMP)  ## more than it can do at once, with figures: CLIENTS=500 EVENTS=10000 QUEUE=1000000 JOBS=100000
	$(foreach name,CLIENTS EVENTS QUEUE JOBS,$(if $($(name)),$(name)=$($(name)))) $(BIN)/python -m tests.overload

bench: $(STAMP)  ## this machine's figures beside those of plain Celery, COPY, httpx: FORM=full OUT=bench.json; goes on from OUT
	$(BIN)/dispatcher bench --form $(or $(FORM),short) --out $(or $(OUT),bench.json)

flame: $(STAMP)  ## a picture of where a worker's time goes while it sends: docs/send-path.svg; needs py-spy
	$(BIN)/python -m dispatcher.cli.bench.flame docs/send-path.svg

lint: $(STAMP)  ## style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

lock:  ## make requirements.lock again (newest versions that pyproject.toml allows)
	$(PYTHON) -m venv .lock && .lock/bin/pip install --quiet uv
	.lock/bin/uv pip compile pyproject.toml --extra embedded --extra dev --universal --python-version 3.11 \
		--generate-hashes --upgrade --quiet --custom-compile-command "make lock" -o requirements.lock
	rm -rf .lock

.venv: $(STAMP)  ## the virtual environment, from the lock

$(STAMP): $(VENV)/locked pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/locked: requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=…")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

clean:  ## all that was built; data in .dispatcher stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find dispatcher workers tests -name __pycache__ -type d -prune -exec rm -rf {} +
