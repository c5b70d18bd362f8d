# GNU make and a POSIX shell are enough. `make help` lists what can be asked for.

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
CREATED := $(STAMPS)/created

# A stamp is named after the contents that it was made from: new contents, new work.
key = $(shell cat $(1) | sha256sum | cut -c1-16)
RUNTIME := $(STAMPS)/runtime-$(call key,requirements.lock)
DEV := $(STAMPS)/dev-$(call key,requirements.lock requirements-dev.lock)
PROJECT := $(STAMPS)/project-$(call key,pyproject.toml)

PIP := $(BIN)/python -m pip --disable-pip-version-check
QUICK := -n auto --dist loadfile
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate

.DEFAULT_GOAL := all
.NOTPARALLEL:  # the steps of a set-up are listed in their order

.PHONY: all help briefing test test-all faults soak check docs words format golden gallery sample lock bench clean
.PHONY: coverage-of-sources
.PHONY: system services ready ready-dev

all: check test  ## check + test, what plain `make` does

help:  ## list the targets
	@awk -F ':.*## *' '/^[a-z-]+:.*##/ {printf "  make %-10s %s\n", $$1, $$2}' Makefile

briefing: ready  ## set everything up, build the default briefing, print where its PDF is
	@$(BIN)/python -m briefing.doctor --install
	@echo "== building the briefing ..."
	@$(BIN)/briefing build $(ARGS)

test: ready-dev  ## the tests that need nothing but the locked libraries and Pango
	@echo "== running the tests ..."
	@$(BIN)/python -m pytest $(QUICK) $(ARGS)

test-all: ready-dev services  ## what `make test` leaves out: real servers, a browser, the faults
	@echo "== running the tests that need services ..."
	@$(BIN)/python -m pytest -m services $(ARGS)
	@$(MAKE) --no-print-directory faults

faults: ready-dev services  ## what a scheduler survives: kills, locks, full disks, cut lines
	@echo "== running the faults ..."
	@$(BIN)/python -m pytest -m faults tests/faults -n 2 $(ARGS)

soak: ready-dev services  ## builds again and again, byte by byte; faults in full counts
	@echo "== running the soak tests ..."
	@$(BIN)/python -m pytest -m soak $(ARGS)

check: ready-dev  ## formatting, lint, types, floors, data package, configuration, reference
	@echo "== checking the formatting ..."
	@$(BIN)/ruff format --check .
	@echo "== linting ..."
	@$(BIN)/ruff check .
	@echo "== checking the types ..."
	@$(BIN)/mypy --strict src
	@echo "== checking the floors ..."
	@$(BIN)/lint-imports
	@echo "== validating the data package ..."
	@$(BIN)/frictionless validate data/datapackage.json
	@echo "== checking data, reports and configuration ..."
	@$(BIN)/briefing check --every-edition
	@echo "== checking the reference ..."
	@$(BIN)/python docs/make_reference.py --check

docs: ready-dev  ## write docs/reference/, the tour's tree and the tables of docs/data.md
	@$(BIN)/python docs/make_reference.py

words: ready-dev  ## collect the shipped labels into the catalogues; say which want translating
	@$(BIN)/python -m briefing.catalogues.collect

format: ready-dev  ## format the code and mend what the linter can mend
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .

golden: ready-dev  ## rewrite the goldens; `git diff` is the review
	@$(BIN)/python -m pytest tests/integration/test_golden.py -k "not sample" --update-golden $(ARGS)

coverage-of-sources:  ## check data/ against its texts: SOURCES=DIR; WRITE=1 renews paragraphs.csv
	@test -d "$(SOURCES)" || { echo "Name the folder of the texts: make $@ SOURCES=DIR"; exit 1; }
	@$(PYTHON) tests/sources/coverage.py "$(SOURCES)" $(if $(filter 1,$(WRITE)),--write)

gallery: ready-dev  ## build the gallery of charts that docs/ shows
	@$(BIN)/briefing charts --language en --output .briefing/gallery
	@cp .briefing/gallery/gallery/*/en/r1/briefing.pdf docs/gallery/gallery.pdf
	@cp .briefing/gallery/gallery/*/en/r1/figures/*.svg docs/gallery/

sample: ready-dev  ## build the sample issue that docs/ shows; needs poppler's pdftoppm
	@$(BIN)/briefing build --period 2026-10 --output .briefing/sample --format pdf
	@cp .briefing/sample/regional-innovation/2026-10/en/r1/briefing.pdf docs/sample/
	@for page in 1 3; do pdftoppm -r 72 -f $$page -l $$page -singlefile -png \
		docs/sample/briefing.pdf docs/sample/page-$$page; done

lock: $(CREATED)  ## compile the lock files again; UPGRADE=--upgrade takes newer versions
	@test -x $(BIN)/uv || { echo "== installing uv ..."; $(PIP) install --quiet uv; }
	@echo "== locking ..."
	@$(COMPILE) $(UPGRADE) --group build -o requirements.lock pyproject.toml
	@$(COMPILE) $(UPGRADE) --constraint requirements.lock --group build --group dev --all-extras \
		-o requirements-dev.lock pyproject.toml
	@$(COMPILE) $(UPGRADE) --constraint requirements-dev.lock -o benchmarks/requirements.lock \
		benchmarks/requirements.in

bench: ready-dev services  ## time everything beside named peers; ARGS="--only a,c --quick"
	@$(BIN)/python -m benchmarks $(ARGS)

clean:  ## remove .venv and the caches; what was built, in output/, stays
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- set-up: quick where everything is there already

ready: $(CREATED) system $(RUNTIME) $(PROJECT)

ready-dev: $(CREATED) system $(DEV) $(PROJECT)

$(CREATED):
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed and there is\
	 no $(PYTHON). On Debian or Ubuntu, as root: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or\
	 newer is needed; this is $$($(PYTHON) --version). Name a newer one:\
	 make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is\
	 missing. On Debian or Ubuntu, as root: apt-get install python3-venv"; exit 1; }
	@echo "== making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

system: $(CREATED)
	@$(BIN)/python -c '' 2>/dev/null || { echo "$(VENV) belongs to a Python that is gone. Run:\
	 make clean"; exit 1; }
	@PYTHONPATH=src $(BIN)/python -m briefing.doctor --system --install

services:
	@sh tests/services/install

$(RUNTIME):
	@echo "== installing the locked dependencies (about 80 MB to fetch) ..."
	@$(PIP) install --progress-bar off --require-hashes -r requirements.lock
	@touch $@

# The development lock holds all of the other one, in the same versions.
$(DEV):
	@echo "== installing the locked dependencies and the development tools (about 190 MB) ..."
	@$(PIP) install --progress-bar off --require-hashes -r requirements-dev.lock
	@touch $@ $(RUNTIME)

$(PROJECT):
	@echo "== installing briefing itself ..."
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@
