#!/usr/bin/env bash
# Makes .venv with the pinned packages of requirements/ and mmgreen itself, editable.
#
#   PYTHON=python3.12 bash tools/misc/make_env.sh
#
# With --compiled it makes .venv-compiled, where mmcv has operators of its own, which needs a compiler
# and the older torch of requirements/compiled.txt.
# Returns at once where the same Python has made it from the same requirements before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

PYTHON=${PYTHON:-python3}
compiled=${1:-}
ENV=.venv${compiled:+-compiled}
STAMP=$ENV/made-from
CONSTRAINTS=requirements/pinned.txt

# shellcheck source=tools/misc/need_disk.sh
. tools/misc/need_disk.sh
# A machine of continuous integration is used once: a copy of each wheel would only fill its disk.
[ -z "${CI:-}" ] || export PIP_NO_CACHE_DIR=1

say() { echo "== $*"; }

refuse() {
    echo "mmgreen: $*" >&2
    exit 2
}

check_python() {
    version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
        refuse "PYTHON=$PYTHON does not run; name a Python from 3.10 to 3.12, as in 'make test PYTHON=python3.12'."
    case $version in
        3.10 | 3.11 | 3.12) ;;
        3.13) say 'Python 3.13 is outside the tested range, 3.10 to 3.12; trying it all the same.' ;;
        *) refuse "Python $version is not supported; name one from 3.10 to 3.12, as in 'make test PYTHON=python3.12'." ;;
    esac
}

# What the environment depends on, as one line. Scripts in it hold the path of the checkout.
origin() {
    echo "Python $version in $PWD, requirements $(cat requirements/*.txt setup.py pyproject.toml tools/misc/make_env.sh | cksum)"
}

# -qq leaves nothing but errors, among them the whole output of a build that fails.
pip_install() {
    "$ENV"/bin/python -m pip install -qq --disable-pip-version-check -c "$CONSTRAINTS" "$@"
}

# mmcv without operators is built in seconds and needs no compiler. --no-cache-dir: pip may have kept
# a wheel that was compiled for another torch, and would keep this one for projects that want operators.
install_mmcv() {
    if [ -z "$compiled" ]; then
        pip_install --no-cache-dir --no-deps onedl-mmcv
        return
    fi
    say "Compiling mmcv's operators, silently: 7 to 12 minutes on two cores."
    pip_install wheel ninja psutil setuptools packaging
    CFLAGS="${CFLAGS:-} -g0" pip_install --no-build-isolation --no-cache-dir --no-deps onedl-mmcv
}

check_python
if [ "$(cat "$STAMP" 2>/dev/null)" = "$(origin)" ]; then
    exit 0
fi
[ -z "$compiled" ] || command -v c++ >/dev/null ||
    refuse "to compile mmcv there must be a c++ on PATH; on Debian and Ubuntu: apt-get install g++."

say "Making $ENV with Python $version."
[ -e "$STAMP" ] || need_disk "$ENV" 9 3
rm -f "$STAMP"
[ "$("$ENV"/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$version" ] ||
    "$PYTHON" -m venv --clear "$ENV"
if [ -n "$compiled" ]; then
    CONSTRAINTS=$ENV/constraints.txt
    { grep -v -E '^torch(vision)?=' requirements/pinned.txt; cat requirements/compiled.txt; } >"$CONSTRAINTS"
fi
say 'Installing torch: a few minutes, about 6 GB.'
pip_install torch torchvision
install_mmcv
say 'Installing mmgreen, mmdet, mmpretrain, and what the tests and the demo need.'
pip_install -e '.[detect,tests]'
"$ENV"/bin/python -m mmgreen.check_env
origin >"$STAMP"
