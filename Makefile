# Two commands do everything, set-up included: make quickstart, make test. The site: make docs.
# Another Python: make PYTHON=python3.12 …; CPU-only torch where PyPI's default is the CUDA one:
# make PIP_ARGS='--extra-index-url https://download.pytorch.org/whl/cpu' …

MAKEFLAGS += --no-print-directory
SHELL := /bin/sh
PYTHON_IN_VENV := .venv/bin/python
SETUP := requirements.lock setup.py tools/setup_venv.sh
TESTS ?= tests
WORKERS ?= auto
export PYTHON PIP_ARGS

.PHONY: help quickstart test lint docs setup clean
.DEFAULT_GOAL := help

help:
	@echo 'make quickstart   set up, then the whole method on stand-in data: train, test, draw (minutes on two CPU cores)'
	@echo 'make test         set up, then every test (MMAGENC_DATA_ROOT, MMAGENC_REFERENCE_ROOT: where recordings and reference numbers lie)'
	@echo 'make lint         style check'
	@echo 'make docs         set up, then the site in build/site, warnings are errors (MMAGENC_NOTEBOOKS=run: notebooks with what they give)'
	@echo 'make setup        only the set-up: .venv from requirements.lock'
	@echo 'make clean        remove .venv and build folders (not data/ or work_dirs/)'
	@echo "options           PYTHON=python3.12, PIP_ARGS='--extra-index-url https://download.pytorch.org/whl/cpu', TESTS=tests/test_engine, WORKERS=0 (one process)"

quickstart: .venv/.ready-run
	@$(PYTHON_IN_VENV) tools/quickstart.py

test: .venv/.ready-test
	@OMP_NUM_THREADS=1 $(PYTHON_IN_VENV) -m pytest $(TESTS) -q -n $(WORKERS) --maxprocesses 8 --dist worksteal

lint: .venv/.ready-test
	@$(PYTHON_IN_VENV) -m ruff check .

docs: .venv/.ready-test
	@OMP_NUM_THREADS=1 $(PYTHON_IN_VENV) -m sphinx -E -W --keep-going -q -c docs . build/site
	@echo 'the site: build/site/index.html'

setup: .venv/.ready-run

# A stamp is written last, so an interrupted set-up is taken up again; a changed lock makes it run again. That for tests covers both.
.venv/.ready-run: $(SETUP)
	@[ .venv/.ready-test -nt requirements.lock ] || sh tools/setup_venv.sh run
	@touch $@

.venv/.ready-test: $(SETUP)
	@sh tools/setup_venv.sh test
	@touch $@ .venv/.ready-run

clean:
	rm -rf .venv build dist mmagenc.egg-info mmagenc/.mim .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
