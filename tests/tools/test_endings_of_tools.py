"""Tools that read what a user names end in a sentence where it is not there."""

import subprocess

import pytest
from repository import ROOT

CALLS = {
    'analysis_tools/get_flops.py': ['gone.py'],
    'dataset_converters/make_demo_data.py': ['.'],
    'misc/soak.py': ['gone.py', '--kills', '1', '--work-dir', '.'],
}


@pytest.mark.parametrize('tool', CALLS)
def test_it_is_one_line(tool, tmp_path, python):
    (tmp_path / 'other.txt').touch()
    done = subprocess.run(
        [python, ROOT / 'tools' / tool, *CALLS[tool]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f'tools/{tool}: ') and last.endswith('.')
