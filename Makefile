.DEFAULT_GOAL := help
.PHONY: help run test lint tools rules dashboards docs bench soak clean

python := .venv/bin/python
SEED := 1

# Hundreds of processes of the tests start in half the time with byte code.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo 'make run         run the exporter, Prometheus and Alertmanager on this machine until Ctrl-C;'
	@echo '                 on your account if CLOUDFLARE_API_TOKEN is set, otherwise on a simulated one'
	@echo 'make test        run every check, as CI does'
	@echo 'make lint        run only the linter, the formatter and the type checker'
	@echo 'make tools       find or fetch Prometheus and Alertmanager'
	@echo 'make rules       generate alerting/rules from alerting/*.py'
	@echo 'make dashboards  generate dashboards/out from dashboards/*.py'
	@echo 'make docs        generate the reference pages and tables of the documentation'
	@echo 'make bench       measure speed, memory, requests and accuracy; prints JSON'
	@echo 'make soak        simulate a day of failures, a thousand random schedules and every crash point, and compare'
	@echo '                 the counted usage with the simulated usage; then fuzz; SEED=number chooses others'
	@echo 'make clean       remove everything these commands created (.venv, .cache, .run)'

run: .venv/.run
	@$(python) -m stack.run

# Programs are fetched while the types are checked.
test: .venv/.test
	@$(MAKE) --no-print-directory --jobs=2 lint tools
	$(python) -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: .venv/.test
	$(python) -m ruff check
	$(python) -m ruff format --check
	$(python) -m mypy

tools: .venv/.test
	@$(python) -m stack.tools

rules: .venv/.run
	$(python) -m alerting.build

dashboards: .venv/.run
	$(python) -m dashboards.build

docs: .venv/.run
	@$(python) -m docs.build

bench: .venv/.run
	@$(python) -m bench

# The soak injects the faults of the tests, so it needs the tests' dependencies.
soak: .venv/.test
	@$(python) -m soak --seed $(SEED)

clean:
	rm -rf .venv .cache .run .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

# A stamp is older than its lock file only if the lock file has changed. The tests' dependencies include those of a run.
.venv/.run: requirements.lock pyproject.toml stack/environment.sh
	@sh stack/environment.sh requirements.lock
	@touch $@

.venv/.test: requirements-dev.lock pyproject.toml stack/environment.sh
	@sh stack/environment.sh requirements-dev.lock
	@touch .venv/.run $@
