#!/usr/bin/env bash
# Runs tests/any_stack.py on the last stack that OpenMMLab itself released, in .venv-classic.
#
#   PYTHON=python3.11 bash tools/misc/test_classic.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

PYTHON=${PYTHON:-python3}
ENV=.venv-classic
STAMP=$ENV/made-from
origin=$(cat requirements/classic*.txt | cksum)

# shellcheck source=tools/misc/need_disk.sh
. tools/misc/need_disk.sh
# A machine of continuous integration is used once: a copy of each wheel would only fill its disk.
[ -z "${CI:-}" ] || export PIP_NO_CACHE_DIR=1

pip_install() {
    "$ENV"/bin/python -m pip install -qq --disable-pip-version-check "$@"
}

if [ "$(cat "$STAMP" 2>/dev/null)" != "$origin" ]; then
    echo "== Making $ENV: a few minutes, about 6 GB."
    "$PYTHON" -m venv --clear "$ENV"
    need_disk "$ENV" 8 3
    # First, and alone: pip keeps what it downloads until all is installed.
    pip_install -c requirements/classic.txt torch torchvision
    pip_install -r requirements/classic.txt
    pip_install --no-deps -r requirements/classic_mm.txt
    echo "$origin" >"$STAMP"
fi
# Not installed: its setuptools is too old to build this package.
PYTHONPATH=$PWD "$ENV"/bin/python -m pytest tests/any_stack.py -q -p no:cacheprovider
