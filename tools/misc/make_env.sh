#!/usr/bin/env bash
# Makes .venv with the pinned packages of requirements/ and mmgreen itself, editable.
#
#   PYTHON=python3.12 bash tools/misc/make_env.sh
#
# Returns at once where the same Python has made it from the same requirements before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

PYTHON=${PYTHON:-python3}
STAMP=.venv/made-from

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

# What the environment depends on, as one line. Scripts in .venv hold the path of the checkout.
origin() {
    echo "Python $version in $PWD, requirements $(cat requirements/*.txt setup.py tools/misc/make_env.sh | cksum)"
}

# -qq leaves nothing but errors, among them the whole output of a build that fails.
pip_install() {
    .venv/bin/python -m pip install -qq --disable-pip-version-check -c requirements/pinned.txt "$@"
}

# mmcv's operators run on a GPU only if they are compiled by the nvcc of torch's CUDA version, and
# are compiled for it without a word from us only if torch sees a GPU: hence FORCE_CUDA. With a GPU
# and no such nvcc the compilation would fail, unless the GPU is hidden from it.
choose_operators() {
    export PATH=$PATH:${CUDA_HOME:-/usr/local/cuda}/bin CFLAGS="${CFLAGS:-} -g0"
    operators='' building='7 to 12 minutes on two cores'
    nvidia-smi >/dev/null 2>&1 || return 0
    local of_torch of_nvcc
    of_torch=$(.venv/bin/python -c 'import torch; print((torch.version.cuda or "none").split(".")[0])')
    of_nvcc=$({ nvcc --version 2>/dev/null || true; } | sed -n 's/.*release \([0-9]*\).*/\1/p')
    if [ "$of_torch" = "$of_nvcc" ]; then
        operators=CUDA building='20 minutes or more with CUDA on'
        export FORCE_CUDA=1
    else
        say "There is a GPU but no nvcc of CUDA $of_torch: pretraining will use the GPU, detection will not."
    fi
}

mmcv_fits() {
    .venv/bin/python - "$operators" 2>/dev/null <<'END'
import sys
import torch
from mmcv._ext import get_compiling_cuda_version
sys.exit(sys.argv[1] == 'CUDA' and get_compiling_cuda_version() == 'not available')
END
}

install_mm_packages() {
    [ -n "$operators" ] || export CUDA_VISIBLE_DEVICES=
    pip_install --no-build-isolation -r requirements/mminstall.txt
    mmcv_fits && return
    say "pip had kept an mmcv that was built without its ${operators:+CUDA }operators; compiling it again."
    .venv/bin/python -m pip cache remove -qq onedl_mmcv
    pip_install --no-build-isolation --no-deps --force-reinstall onedl-mmcv
    mmcv_fits || refuse 'mmcv was built without its operators; docs/install.md says what to look at.'
}

check_python
if [ "$(cat "$STAMP" 2>/dev/null)" = "$(origin)" ]; then
    exit 0
fi
command -v c++ >/dev/null ||
    refuse "mmcv needs a C++ compiler, and there is no c++ on PATH; on Debian and Ubuntu: apt-get install g++."

say "Making .venv with Python $version."
rm -f "$STAMP"
[ "$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$version" ] ||
    "$PYTHON" -m venv --clear .venv
say 'Installing torch: a few minutes, about 5 GB.'
pip_install torch torchvision
pip_install -r requirements/build.txt
choose_operators
say "Installing mmcv, mmdet and mmpretrain. The first time this compiles mmcv's operators, silently:"
say "$building. Later pip takes the wheel that it has kept."
(install_mm_packages)
say 'Installing the packages that the tests and the demo need.'
pip_install -r requirements/runtime.txt -r requirements/tests.txt
pip_install --no-build-isolation --no-deps -e .
.venv/bin/python -m mmgreen.check_env
origin >"$STAMP"
