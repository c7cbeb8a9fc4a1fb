# The two commands that matter: `make demo` shows it, `make test` proves it. Both set up .venv first.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo lab test lint clean

# uv makes the environment in seconds; a fresh machine has only pip to get it with. No lock file.
.venv/.ok: pyproject.toml
	@echo "Setting up .venv (once, about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -q --disable-pip-version-check uv
	@$(BIN)/uv pip install -q --python $(BIN)/python -e . --group dev
	@touch $@

demo: .venv/.ok
	@$(BIN)/python notebooks/demo.py

lab: .venv/.ok
	$(BIN)/jupyter lab notebooks/quickstart.ipynb

test: .venv/.ok
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: .venv/.ok
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

clean:
	rm -rf .venv demo build dist .pytest_cache .ruff_cache .mypy_cache
