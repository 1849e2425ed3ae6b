# SPDX-License-Identifier: EUPL-1.2
# The few commands of this repository. Each makes the environment (.venv) that it needs from the lock
# files first, and does that once per lock file: a later start installs nothing.
# Python: the first of 3.13, 3.12, 3.11 and python3 that can be used, or PYTHON=/path/to/python.

PYTHON ?= python3.13 python3.12 python3.11 python3
TEST_WORKERS ?= 2
ARGS ?=

VENV := .venv
# Run as modules, not as scripts: a script's first line breaks when the checkout is moved.
PY := $(VENV)/bin/python
RUN := $(VENV)/.installed-run-$(shell cksum < requirements.lock | cut -d ' ' -f 1)
DEV := $(VENV)/.installed-dev-$(shell cat requirements-dev.lock pyproject.toml | cksum | cut -d ' ' -f 1)
# Only wheels, only those with a hash in the lock: nothing is compiled, no foreign set-up code runs.
PIP := $(PY) -m pip --quiet --quiet --disable-pip-version-check install --no-input
LOCKED := --require-hashes --only-binary :all:
# Without the machine's own settings, so that every machine writes the same lock.
LOCK := env -u UV_INDEX -u UV_INDEX_URL -u UV_DEFAULT_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS \
	$(PY) -m uv --no-config --quiet pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header $(ARGS)

# The command `hub` for an environment that has the hub's libraries, and the hub itself in this checkout.
define LAUNCHER
import pathlib, sys
file = pathlib.Path(sys.executable).parent / "hub"
file.write_text("#!%s\nimport sys\nsys.path.insert(0, %r)\nfrom hub.cli import main\nif __name__ == '__main__':\n    main()\n" % (sys.executable, "$(CURDIR)"))
file.chmod(0o755)
endef
export LAUNCHER

.DEFAULT_GOAL := help
.PHONY: help demo test check bench prove client graphiql lock wheel clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(RUN) ## start the hub with the demo world (ARGS="--port 8731 --data DIR --today 2026-11-23")
	@exec $(PY) -m hub demo $(ARGS)

test: $(DEV) ## install what tests need and run them all (ARGS="tests/contract -k push", TEST_WORKERS=0)
	@$(PY) -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(DEV) ## lint, format, types, import rules, and whether anything drifted
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	@if [ -d tests/agreement ]; then $(PY) -m pytest -q tests/agreement; fi

# With npm PostGraphile and Mercurius take part, installed into build/peers; without it they do not.
bench: $(DEV) ## measure start-up, reads, pushes and memory beside peers (ARGS="--quick")
	@$(PY) -m tests.benchmarks $(ARGS)

prove: $(DEV) ## carry out the proofs at their long size (ARGS="--only paths --processes 2")
	@$(PY) -m tests.proofs $(ARGS)

# In an environment of its own: the generator needs another graphql-core than the hub.
client: $(PY) ## generate the typed client of docs/client from the schema and its operations
	@$(PY) -m venv build/client
	@build/client/bin/python -m pip --quiet --disable-pip-version-check install ariadne-codegen==0.19.0
	@build/client/bin/python -m ariadne_codegen --config docs/client/codegen.toml

# The packages stay out of the source folders; their own set-up code does not run.
graphiql: ## build GraphiQL's page from its lock file (needs node and npm)
	@rm -rf build/graphiql && mkdir -p build && cp -r hub/pages/graphiql build/graphiql
	@cd build/graphiql && npm ci --ignore-scripts --no-audit --no-fund --silent
	@cd build/graphiql && node build.mjs $(CURDIR)/hub/pages/graphiql/built

lock: $(DEV) ## write the lock files from pyproject.toml (ARGS=--upgrade for newer releases)
	@$(LOCK) --output-file requirements.lock
	@$(LOCK) --constraint requirements.lock --extra test --extra check --extra build \
		--output-file requirements-dev.lock

wheel: $(DEV) ## build dist/wijk_hub-*.whl
	@$(PY) -m pip --quiet --disable-pip-version-check wheel --no-deps --no-build-isolation \
		--wheel-dir dist .
	@ls dist/*.whl

clean: ## remove the environment, caches and builds; the demo's data stays
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find hub schema resolvers sql tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. A Python that is named but does not start (a shim of a version manager) is passed
# over, as is one that is too old; one without venv is kept in mind to say what is missing.
$(PY):
	@found=; bare=; old=; \
	for python in $(PYTHON); do \
		version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { old=$$version; continue; }; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { bare=$${bare:-$$version}; continue; }; \
		found=$$python; break; \
	done; \
	if [ -z "$$found" ]; then \
		if [ -n "$$bare" ]; then \
			echo "Python $$bare is here, but its venv module is not. Install it, then try again:" >&2; \
			echo "    apt install python3-venv        (or python$$bare-venv)" >&2; \
		elif [ -n "$$old" ]; then \
			echo "Python $$old is too old: the hub needs 3.11 or newer. Install one, then try again," >&2; \
			echo "or name one: make demo PYTHON=/path/to/python3.13" >&2; \
		else \
			echo "No Python found (tried: $(PYTHON)). The hub needs 3.11 or newer:" >&2; \
			echo "    apt install python3 python3-venv" >&2; \
		fi; \
		exit 1; \
	fi; \
	echo "Environment: $(VENV), Python $$version"; \
	"$$found" -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUN): $(PY)
	@echo "Installing what the hub needs (once, about 40 MB) ..."
	@$(PIP) $(LOCKED) --requirement requirements.lock
	@$(PY) -c "$$LAUNCHER"
	@rm -f $(VENV)/.installed-* && touch $@

# pyproject.toml counts too: the editable install carries the version and the command `hub`.
$(DEV): $(PY)
	@echo "Installing what tests and checks need (once) ..."
	@$(PIP) $(LOCKED) --requirement requirements-dev.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.installed-* && touch $@ $(RUN)
