# Everything runs in .venv, which is made when it is first needed, by the Python that PYTHON names.
PYTHON ?= python3
export PYTHON
# Of make demo and make survey: greenmim (Swin) or hiera; of the demo also mae (a plain ViT)
# and video (Hiera on clips).
METHOD ?= greenmim
# Of make survey: the wheel of deepforest 2.1.0, where it is at hand; else pip downloads it.
WHEEL ?=

.DEFAULT_GOAL := help
.PHONY: help env demo survey test test-compiled test-classic lint clean

help: ## list these targets
	@echo 'usage: make TARGET [PYTHON=python3.12] [METHOD=hiera|mae|video] [WHEEL=FILE]'
	@sed -n 's/^\([a-z-]*\): .*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST)

env:  ## install everything into .venv, 4 minutes, mostly of downloads
	@bash tools/misc/make_env.sh

demo: env  ## is pretraining worth it? on images made here, 12 to 20 minutes on two cores
	@.venv/bin/python tools/misc/demo.py --method $(METHOD)

survey: env  ## the same question on aerial photographs of trees, 45 minutes on two cores; stopped, it goes on
	@.venv/bin/python tools/misc/survey.py --method $(METHOD) $(if $(WHEEL),--wheel $(WHEEL))

# A file of tests stays in one process, for its tests share what is dear to make. A process that
# crashes ends the run with its test's name; one put in its place would wait for ever.
PYTEST = -m pytest tests -q -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder \
	--max-worker-restart 0

test: env  ## run every test, on up to four cores
	@.venv/bin/python $(PYTEST)

test-compiled:  ## run every test where mmcv has compiled operators, in .venv-compiled (they take 7 to 12 minutes)
	@bash tools/misc/make_env.sh --compiled
	@.venv-compiled/bin/python $(PYTEST)

test-classic:  ## run what has to run on every stack on OpenMMLab's own last one, in .venv-classic
	@bash tools/misc/test_classic.sh

lint: env  ## check style and format
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

clean:  ## remove .venv, builds and caches; data and work_dirs stay
	rm -rf .venv .venv-compiled .venv-classic build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
