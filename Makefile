# make run: start Chofesh.  make test: test it.  Nothing else is needed first.
# The first Python that runs and is new enough; a name on the path alone proves nothing.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
# The shell has no windows to draw, and so takes half as long.
CHROMIUM = $(shell command -v chromium-headless-shell || command -v chromium)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check setup setup-test services browser bench soak service-test messages

run: $(VENV)/run.done
	@$(BIN)/python -m chofesh.server

test: $(VENV)/test.done
	@$(BIN)/python -m pytest -n auto
	@if [ -n "$(CHROMIUM)" ]; then $(BIN)/python -m pytest tests/e2e -p no:asyncio -p no:randomly -m "not soak" -o addopts="-q"; \
	elif [ -n "$$CI" ]; then echo "Chromium is missing, so the browser tests cannot run: make browser"; exit 1; \
	else echo "Browser tests were left out, because Chromium is missing: make browser installs it."; fi

check: $(VENV)/test.done
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@PYTHONPATH=. $(BIN)/lint-imports
	@$(BIN)/djlint templates --lint --quiet
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@CHOFESH_PUBLIC_URL=https://chat.example.org $(BIN)/python manage.py check --deploy --fail-level WARNING

setup: $(VENV)/run.done

setup-test: $(VENV)/test.done

$(VENV)/python.done:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found. Install it, or name it: make run PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Python 3.11 or newer is needed; $(PYTHON) is older, or does not run. Name a newer one: make run PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "The Python module venv is missing. Install it (on Debian and Ubuntu: apt install python3-venv), then run make again."; exit 1; }
	@mkdir -p $(VENV) 2>/dev/null && test -w $(VENV) || { echo "This folder is not writable: $(CURDIR). Make it so, then run make again."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.done: requirements.lock | $(VENV)/python.done
	@echo "Installing what Chofesh needs, once (about a minute)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/test.done: requirements-test.lock | $(VENV)/python.done
	@echo "Installing what the tests need, once (about two minutes)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@ $(VENV)/run.done

browser:
	apt-get update && { apt-get install -y chromium-headless-shell || apt-get install -y chromium; }

services:
	@sh tests/services/start.sh

# The scaled run as processes, alone and behind a browser, and then the tests of the chat on PostgreSQL.
# `make services` starts what they need.
service-test: $(VENV)/test.done
	@$(BIN)/python -m pytest tests/services -n 0 -m "not soak" -o addopts="-q --disable-socket --allow-unix-socket --allow-hosts=127.0.0.1,::1,localhost"
	@if [ -n "$$CI$(CHROMIUM)" ]; then \
	E2E_RUN=scaled $(BIN)/python -m pytest tests/e2e -p no:asyncio -p no:randomly -m "not soak" -o addopts="-q"; fi
	@DATABASE_URL=$${SERVICE_DATABASE_URL:-postgres://root@127.0.0.1:5432/chofesh} $(BIN)/python -m pytest tests/chat tests/answering tests/usage -n auto --create-db

bench: $(VENV)/test.done
	@$(BIN)/python -m benchmarks

# Needs what `make services` starts, and an hour.
soak: $(VENV)/test.done
	@$(BIN)/python -m pytest tests/chat/test_replies_under_faults.py tests/chat/test_fault_sequences.py -m soak -n auto
	@$(BIN)/python -m pytest -m soak --ignore=tests/e2e --deselect tests/chat/test_replies_under_faults.py --deselect tests/chat/test_fault_sequences.py -o addopts="-q --disable-socket --allow-unix-socket --allow-hosts=127.0.0.1,::1,localhost"
	@$(BIN)/python -m pytest tests/e2e -p no:asyncio -p no:randomly -m soak -o addopts="-q"
	@$(BIN)/python -m benchmarks.soak --write

# For translators (needs GNU gettext): the words of the sources into locale/, then the compiled catalogues.
messages: $(VENV)/test.done
	@$(BIN)/python manage.py makemessages --locale he --no-location --no-wrap --ignore '.venv' --ignore 'node_modules' --ignore 'routing/training/*' --extension html,py
	@$(BIN)/python manage.py compilemessages --locale he --ignore '.venv'
