# Everything here sets up what it needs; nothing is done twice. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
LINTED := custom tools tests benchmarks configs
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format doctor lock

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup: ## Create .venv and install everything, if anything changed
	@$(PYTHON) tools/setup_env.py

demo: setup ## From generated images to a checked submission, in a few minutes
	@$(RUN) tools/demo.py

# One thread a worker: two workers with two threads each on two cores are slower than one.
test: setup ## Run the whole test suite
	@OMP_NUM_THREADS=1 $(RUN) -m pytest -n $(WORKERS)

lint: setup ## Check style and types, all three whatever the first says
	@status=0; \
	$(RUN) -m ruff check $(LINTED) || status=1; \
	$(RUN) -m ruff format --check $(LINTED) || status=1; \
	$(RUN) -m mypy || status=1; \
	exit $$status

format: setup ## Rewrite the sources in the house's style
	@$(RUN) -m ruff format $(LINTED)
	@$(RUN) -m ruff check --fix $(LINTED)

doctor: ## Check the installation and say how to fix it
	@$(RUN) tools/doctor.py

# Needs uv (pip install uv). Versions that the old lock has are kept where they still fit. What
# torch itself brings comes with it, by its build.
lock: ## Renew requirements/lock.txt after a change to the other requirement files
	uv pip compile --universal --python-version 3.10 --no-annotate \
	  --custom-compile-command "make lock" \
	  --no-emit-package torch --no-emit-package onedl-mmcv --no-emit-package opencv-python \
	  $(filter-out requirements/lock.txt,$(wildcard requirements/*.txt)) \
	  --quiet -o requirements/lock.txt
	@sed -i -E "/^(nvidia|cuda|triton)/d; s/ and python_full_version < '3\\.13'//; s/ ; python_full_version < '3\\.13'$$//" \
	  requirements/lock.txt
