VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
VENV3 := .venv-pandas3
STAMP3 := $(VENV3)/.installed
VENV_LOWEST := .venv-lowest
STAMP_LOWEST := $(VENV_LOWEST)/.installed
VENV_PEERS := .venv-peers
STAMP_PEERS := $(VENV_PEERS)/.installed
VENV_PRIVATE_PEERS := .venv-private-peers
STAMP_PRIVATE_PEERS := $(VENV_PRIVATE_PEERS)/.installed
VENV_RELEASE := .venv-release
STAMP_RELEASE := $(VENV_RELEASE)/.installed
PYTHON ?= python3
# One process of tests for each core, at most four, and each in one thread: threads of torch that
# wait for a core cost more than they gain. A process that is done takes over tests of another.
SUITE := -m pytest -n auto --maxprocesses 4 --dist worksteal
test test-pandas3 test-lowest docs: export OMP_NUM_THREADS = 1
# Containers often tell Python to keep nothing that it compiles: then each of some hundred processes
# compiles the package, its tests, and all that was installed without being compiled, once more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-pandas3 test-lowest lint types docs docs-version bench bench-peers bench-private-peers release

# torch comes first and pinned, so that nothing later pulls another build of it.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[report,excel,sql,text,cluster,dev,docs,bench]"
	touch $@

# A directory's own time changes with every file in it: the stamp is what counts.
.PHONY: .venv
.venv: $(STAMP)

# sdmetrics does not allow pandas 3: here everything but the report extra is tested with it.
# mlcroissant brings stubs of pandas along, which the type checker of .venv must not see.
# Not all that comes along is imported: what is, Python compiles when it is (--no-compile).
$(STAMP3): pyproject.toml constraints.txt
	test -x $(VENV3)/bin/python || $(PYTHON) -m venv $(VENV3)
	grep -v '^pandas==' constraints.txt > $(VENV3)/constraints.txt
	$(VENV3)/bin/python -m pip install --quiet --no-compile --constraint $(VENV3)/constraints.txt torch==2.13.0
	$(VENV3)/bin/python -m pip install --quiet --no-compile --constraint $(VENV3)/constraints.txt --editable ".[excel,sql,text,cluster,dev]" "pandas>=3,<4" "mlcroissant>=1.0.10"
	touch $@

# The lowest versions that pyproject.toml allows, but for torch, of which one build is at hand.
$(STAMP_LOWEST): pyproject.toml .ci/lowest.py
	test -x $(VENV_LOWEST)/bin/python || $(PYTHON) -m venv $(VENV_LOWEST)
	$(PYTHON) .ci/lowest.py > $(VENV_LOWEST)/constraints.txt
	$(VENV_LOWEST)/bin/python -m pip install --quiet --no-compile --constraint $(VENV_LOWEST)/constraints.txt torch==2.13.0
	$(VENV_LOWEST)/bin/python -m pip install --quiet --no-compile --constraint $(VENV_LOWEST)/constraints.txt --editable . hypothesis pytest pytest-xdist
	touch $@

demo: $(STAMP)
	$(BIN)/synthwgan demo

# What the pages show is run with the pages, by make docs.
test: $(STAMP)
	$(BIN)/python $(SUITE) --ignore tests/docs/test_examples.py --ignore tests/docs/test_many.py

# Another pandas may read, hold, group or print a table in another way: so tables, files, conditions,
# reports, the command line and each estimator from fit to file are asked again, with all doctests.
# It cannot change what begins behind encoded rows (networks, training, sampling, the steps of
# RadialGAN), noise and its budget, what is done with any model alike (checkpoints, Ctrl-C, threads,
# parameters), the page's look, what is added from outside, or the text of the sources; nor are
# benchmarks, pages of the docs, and what is marked as slow asked again.
BEHIND_PANDAS := networks training sampling benchmarks docs evaluation/page cli/test_checkpoint.py \
	private/test_accountant.py private/test_audit.py private/test_noise.py \
	radial/test_checkpoint.py radial/test_cycles.py radial/test_encoder.py radial/test_networks.py \
	radial/test_sampler.py radial/test_step.py test_architecture.py test_checkpoint.py \
	test_extending.py test_interrupts.py test_parameters.py test_threads.py test_types.py

test-pandas3: $(STAMP3)
	$(VENV3)/bin/python $(SUITE) -m "not slow" $(BEHIND_PANDAS:%=--ignore tests/%)

# What touches the packages below: tables, files, the command line, and estimators from fit to file.
test-lowest: $(STAMP_LOWEST)
	$(VENV_LOWEST)/bin/python $(SUITE) -m "not slow" tests/table tests/io tests/cli tests/test_architecture.py \
		tests/test_fitted.py tests/test_forms.py tests/test_large.py tests/test_options.py tests/test_synthesizer.py

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/basedpyright --pythonpath $(BIN)/python

# The pages, a look at each of them in a browser, and all code and commands that they show.
docs: $(STAMP)
	$(BIN)/mkdocs build --strict
	SYNTHWGAN_SITE=site $(BIN)/python $(SUITE) -q tests/docs

# The pages of this version in a folder of their own: make docs-version VERSION=0.2
docs-version: $(STAMP)
	test -n "$(VERSION)"
	$(BIN)/mkdocs build --strict --site-dir public/$(VERSION)
	$(BIN)/python .ci/versions.py public

# torchvision and torchaudio come along, do not fit this torch, and are not needed.
$(STAMP_PEERS): benchmarks/requirements-peers.txt
	test -x $(VENV_PEERS)/bin/python || $(PYTHON) -m venv $(VENV_PEERS)
	$(VENV_PEERS)/bin/python -m pip install --quiet torch==2.13.0
	$(VENV_PEERS)/bin/python -m pip install --quiet --requirement benchmarks/requirements-peers.txt
	$(VENV_PEERS)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio
	touch $@

bench-peers: $(STAMP_PEERS)

$(STAMP_PRIVATE_PEERS): benchmarks/requirements-private-peers.txt
	test -x $(VENV_PRIVATE_PEERS)/bin/python || $(PYTHON) -m venv $(VENV_PRIVATE_PEERS)
	$(VENV_PRIVATE_PEERS)/bin/python -m pip install --quiet --requirement benchmarks/requirements-private-peers.txt
	touch $@

bench-private-peers: $(STAMP_PRIVATE_PEERS)

$(STAMP_RELEASE): .ci/requirements-release.txt
	test -x $(VENV_RELEASE)/bin/python || $(PYTHON) -m venv $(VENV_RELEASE)
	$(VENV_RELEASE)/bin/python -m pip install --quiet --requirement .ci/requirements-release.txt
	touch $@

# Builds and tries what would be published; publishes nothing. EXTRAS="none report" tries these only.
release: $(STAMP_RELEASE)
	$(VENV_RELEASE)/bin/python .ci/release.py $(EXTRAS)

bench: $(STAMP) $(STAMP_PEERS)
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.report
