# make             set up .venv, then run the quickstart to its figures
# make test        set up .venv, then run the tests
# make test-slurm  set up .venv, then test cluster runs on a throwaway Slurm (as root, it installs Debian's if need be)
# make bench       set up .venv, then measure speed against what people would use instead: about an hour on two cores
# make check       set up .venv, then check format and style of code and rules
# make lock        pin the newest versions that envs/requirements.txt allows
# make clean       delete the quickstart's results (other experiments keep theirs)
PYTHON ?= python3
CORES ?= all
BIN := .venv/bin
export HF_HUB_OFFLINE ?= 1
export HF_HUB_DISABLE_TELEMETRY = 1

.PHONY: quickstart test test-slurm bench check lock clean

quickstart: .venv/installed
	@$(BIN)/snakemake --cores $(CORES)

test: .venv/installed
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

test-slurm: .venv/installed
	@tests/slurm/install.sh
	@$(BIN)/python -m pytest tests/slurm

bench: .venv/installed
	@$(BIN)/python benchmarks/suite.py

check: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/snakefmt --check Snakefile workflow/rules benchmarks/plain.smk
	$(BIN)/snakemake --lint

.venv/installed: envs/lock.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12")'
	@echo "Installing into .venv: a few minutes"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement envs/lock.txt
	@touch $@

lock:
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --requirement envs/requirements.txt
	(grep '^#' envs/lock.txt; .venv-lock/bin/pip freeze | sed 's/+cpu//') > envs/lock.new
	mv envs/lock.new envs/lock.txt
	rm -rf .venv-lock

clean:
	rm -rf results
