"""Tools are run as one would type them, and end when the demo is told to."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmgreen.apis.endings import Terminated, sigterm_interrupts
from mmgreen.demo.steps import processor_minutes, run_tool


def test_a_step_that_fails_stops_the_demo(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        run_tool(tmp_path / 'no_such_tool.py')


def test_a_script_finds_the_torchrun_beside_this_python_and_its_variables_are_printed(
    tmp_path, capfd
):
    script = tmp_path / 'tool.sh'
    script.write_text('echo "${PATH%%:*} $1 $WHAT"')
    run_tool(script, 'an argument', environment={'WHAT': 'a b'})
    said = capfd.readouterr().out
    assert f"$ WHAT='a b' bash {script} 'an argument'" in said
    assert f'{Path(sys.executable).parent} an argument a b' in said


def test_sigterm_ends_the_step_that_runs(tmp_path):
    tool = tmp_path / 'tool.py'
    tool.write_text(
        'import os, pathlib, signal, time\n'
        f'os.kill({os.getpid()}, signal.SIGTERM)\n'
        'time.sleep(60)\n'
        f'pathlib.Path({str(tmp_path / "ended")!r}).touch()\n'
    )
    begin = time.monotonic()
    with pytest.raises(Terminated), sigterm_interrupts():
        run_tool(tool)
    assert time.monotonic() - begin < 50 and not (tmp_path / 'ended').exists()


def test_minutes_are_those_of_all_steps_of_all_processes(tmp_path):
    (tmp_path / '1/vis_data').mkdir(parents=True)
    logged = [dict(loss=1.0, time=time, iter=step, step=step) for step, time in ((10, 1), (20, 3))]
    (tmp_path / '1/vis_data/scalars.json').write_text('\n'.join(map(json.dumps, logged)))
    assert processor_minutes(tmp_path, 2) == pytest.approx((10 * 1 + 10 * 3) * 2 / 60)
