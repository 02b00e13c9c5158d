# make             set up .venv, then run the quickstart to its figures
# make plan        set up .venv, then say what the experiment takes: time, memory, disk; CONFIG=experiments/mine.yaml
# make tensorboard set up .venv, with the optional packages of TensorBoard; then export the history of RESULTS for it
# make watch       follow a run in another terminal; RESULTS=results-mine
# make onnx        set up .venv, with the optional packages that export a model to ONNX
# make llm         set up .venv, with the optional packages of the language model of arm smollm2
# make test        set up .venv, optional packages included, then run the tests
# make test-browser set up .venv, then test the decision page in Chromium (as root, it installs Debian's if needed)
# make test-slurm  set up .venv, then test cluster runs on a temporary Slurm (as root, it installs Debian's if needed)
# make bench       set up .venv, then compare the speed with that of other tools: one to two hours on two cores
# make check       set up .venv, then check format, style, types, and which subpackage imports from which
# make docs        set up .venv, then make docs/configuration.md and config.schema.json from the schema of the config
# make check-docs  set up .venv, then check commands, configs, links and generated pages of the documentation
# make lock        pin the newest versions that envs/requirements.txt allows
# make clean       delete the quickstart's results (other experiments keep theirs)
PYTHON ?= python3
CORES ?= all
CONFIG ?= config.yaml
RESULTS ?= results
BIN := .venv/bin
export HF_HUB_OFFLINE ?= 1
export HF_HUB_DISABLE_TELEMETRY = 1

.PHONY: quickstart plan watch tensorboard onnx llm test test-browser test-slurm bench check docs check-docs lock clean

quickstart: .venv/installed
	@$(BIN)/snakemake --cores $(CORES)

plan: .venv/installed
	@$(BIN)/snakemake plan --cores $(CORES) --configfile $(CONFIG)

watch: .venv/installed
	@$(BIN)/python tools/watch.py $(RESULTS)

tensorboard: .venv/tensorboard
	@$(BIN)/python tools/export_history.py $(RESULTS)

onnx: .venv/onnx

llm: .venv/llm

test: .venv/installed .venv/tensorboard .venv/onnx .venv/llm
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

test-browser: .venv/installed
	@tests/install.sh $@ chromium chromium
	@$(BIN)/python -m pytest tests/browser

test-slurm: .venv/installed
	@tests/install.sh $@ "slurmctld slurmd sbatch munged" "slurmctld slurmd slurm-client munge"
	@$(BIN)/python -m pytest tests/slurm

bench: .venv/installed
	@$(BIN)/python benchmarks/suite.py

check: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/snakefmt --check Snakefile workflow/rules benchmarks/plain.smk
	$(BIN)/snakemake --lint
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/unit/test_rooms.py tests/unit/test_environment.py

docs: .venv/installed
	@$(BIN)/python tools/make_docs.py

check-docs: .venv/installed
	$(BIN)/python tools/make_docs.py --check
	$(BIN)/python tools/check_docs.py

.venv/installed: envs/lock.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12")'
	@echo "Installing into .venv: a few minutes"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement envs/lock.txt
	@touch $@

.venv/tensorboard .venv/onnx .venv/llm: .venv/%: .venv/installed envs/%.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement envs/$*.txt
	@touch $@

lock:
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --requirement envs/requirements.txt
	(grep '^#' envs/lock.txt; .venv-lock/bin/pip freeze | sed 's/+cpu//') > envs/lock.new
	mv envs/lock.new envs/lock.txt
	(sed '/- pip:$$/q' envs/environment.yaml; grep -v '^#' envs/lock.txt | sed 's/^/      - /') > envs/environment.new
	mv envs/environment.new envs/environment.yaml
	rm -rf .venv-lock

clean:
	rm -rf results
