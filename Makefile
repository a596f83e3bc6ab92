# Everything runs in .venv, which each target makes first when it is not there or not as requirements.lock says.
BIN := .venv/bin

.PHONY: run up test test-slow check bench lock clean ready

run: ready      ## the main job: start the stack, feed the samples, wait for the release, report, stop
	@$(BIN)/satu run

up: ready       ## keep the stack running
	@$(BIN)/satu up

test: ready     ## the fast tests, one real Airflow included
	@$(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile --no-loadscope-reorder

test-slow: ready ## chaos, fuzz and whole-stack tests
	@$(BIN)/python -m pytest -m slow

check: ready    ## style, types, and whether the lock is what pyproject.toml asks for
	@$(BIN)/ruff check && $(BIN)/ruff format --check
	@$(BIN)/basedpyright
	@$(BIN)/python infra/deploy/check_lock.py && .boot/bin/uv pip check -q --python $(BIN)/python

bench: ready    ## how fast, as ratios to the bare engine in the same run
	@$(BIN)/python -m tests.bench

lock: ready     ## choose versions anew within what pyproject.toml allows
	@.boot/bin/uv pip compile -q --group dev --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
		--custom-compile-command "make lock" -o requirements.lock pyproject.toml

clean:          ## forget what was installed and built; the lake in .spit stays
	@rm -rf .venv .boot .pytest_cache .ruff_cache .hypothesis dist
	@find . -name __pycache__ -prune -exec rm -rf {} +

ready:
	@infra/deploy/bootstrap
