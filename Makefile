PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo lab test lint

.venv/.ok: pyproject.toml
	$(PYTHON) -m venv .venv && $(BIN)/pip install -q uv && $(BIN)/uv pip install -q --python $(BIN)/python -e . --group dev && touch $@

test: .venv/.ok
	$(BIN)/python -m pytest
