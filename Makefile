.DEFAULT_GOAL := help
.PHONY: help run test lint tools rules dashboards docs bench soak clean

python := .venv/bin/python
SEED := 1

help:
	@echo 'make run    the exporter, Prometheus and Alertmanager on this machine, until Ctrl-C;'
	@echo '            on your account if CLOUDFLARE_API_TOKEN is set, else on a simulated one'
	@echo 'make test   every check, as CI runs it; make lint only those that read the code'
	@echo 'make rules  write alerting/rules, make dashboards  dashboards/out, each from the code beside it'
	@echo 'make docs   write the generated parts of the documentation; make bench measures what the exporter takes'
	@echo 'make soak   a simulated day in which everything goes wrong, a thousand random schedules, every crash point:'
	@echo '            what was counted beside what was used; SEED=number makes others'
	@echo 'make clean  remove what these made (.venv, .cache, .run)'

run: .venv/.run
	@$(python) -m stack.run

test: lint tools
	$(python) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

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

# Its faults are those of the tests, so it needs what the tests need.
soak: .venv/.test
	@$(python) -m soak --seed $(SEED)

clean:
	rm -rf .venv .cache .run .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

# The stamps are older than a lock file only when that has changed; what the tests need includes what a run needs.
.venv/.run: requirements.lock pyproject.toml stack/environment.sh
	@sh stack/environment.sh requirements.lock
	@touch $@

.venv/.test: requirements-dev.lock pyproject.toml stack/environment.sh
	@sh stack/environment.sh requirements-dev.lock
	@touch .venv/.run $@
