VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
VENV3 := .venv-pandas3
STAMP3 := $(VENV3)/.installed
VENV_PEERS := .venv-peers
STAMP_PEERS := $(VENV_PEERS)/.installed
PYTHON ?= python3

.PHONY: demo test test-pandas3 lint docs bench bench-peers

# torch comes first and pinned, so that nothing later pulls another build of it.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[report,dev,docs,bench]"
	touch $@

# A directory's own time changes with every file in it: the stamp is what counts.
.PHONY: .venv
.venv: $(STAMP)

# sdmetrics does not allow pandas 3: here everything but the report extra is tested with it.
$(STAMP3): pyproject.toml constraints.txt
	test -x $(VENV3)/bin/python || $(PYTHON) -m venv $(VENV3)
	grep -v '^pandas==' constraints.txt > $(VENV3)/constraints.txt
	$(VENV3)/bin/python -m pip install --quiet --constraint $(VENV3)/constraints.txt torch==2.13.0
	$(VENV3)/bin/python -m pip install --quiet --constraint $(VENV3)/constraints.txt --editable ".[dev]" "pandas>=3,<4"
	touch $@

demo: $(STAMP)
	$(BIN)/synthwgan demo

test: $(STAMP)
	$(BIN)/python -m pytest

test-pandas3: $(STAMP3)
	$(VENV3)/bin/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

docs: $(STAMP)
	$(BIN)/mkdocs build --strict

# torchvision and torchaudio come along, do not fit this torch, and are not needed.
$(STAMP_PEERS): benchmarks/requirements-peers.txt
	test -x $(VENV_PEERS)/bin/python || $(PYTHON) -m venv $(VENV_PEERS)
	$(VENV_PEERS)/bin/python -m pip install --quiet torch==2.13.0
	$(VENV_PEERS)/bin/python -m pip install --quiet --requirement benchmarks/requirements-peers.txt
	$(VENV_PEERS)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio
	touch $@

bench-peers: $(STAMP_PEERS)

bench: $(STAMP) $(STAMP_PEERS)
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.report
