"""The command ``mmgreen``, in this process and, where torch must not be imported, in its own."""

import subprocess
import sys
from contextlib import suppress

import pytest
from repository import ROOT

from mmgreen import __version__, config_names
from mmgreen.check_env import __main__ as check_env
from mmgreen.command import FOLDER, TOOLS, WORDS, main

HEAVY = 'torch,mmengine,mmcv,mmdet,mmpretrain,numpy,matplotlib'


def without_torch(*arguments):
    """The command where nothing heavy can be imported."""
    blocked = ROOT / 'tools/misc/run_blocked.py'
    return subprocess.run(
        [sys.executable, blocked, HEAVY, ROOT / 'mmgreen/__main__.py', *arguments],
        capture_output=True,
        text=True,
    )


def test_every_tool_of_the_table_is_there():
    assert {FOLDER / each.file for each in TOOLS.values()} <= set(FOLDER.rglob('*.py'))
    assert not TOOLS.keys() & WORDS.keys()


@pytest.mark.parametrize('arguments', [[], ['--help']])
def test_alone_it_lists_its_words(arguments, capsys):
    with suppress(SystemExit):
        main(arguments)
    said = capsys.readouterr().out
    for word, each in {**TOOLS, **WORDS}.items():
        assert f'  {word} ' in said and each.line in said


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(['--version'])
    assert end.value.code == 0
    assert capsys.readouterr().out == f'mmgreen {__version__}\n'


@pytest.mark.parametrize(('word', 'nearest'), [('trian', 'train'), ('config', 'configs')])
def test_an_unknown_word_names_the_nearest(word, nearest, capsys):
    with pytest.raises(SystemExit) as end:
        main([word, '--help'])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert f'did you mean {nearest}?' in said and said.count('\n') == 1


def test_an_unknown_word_like_none(capsys):
    with pytest.raises(SystemExit):
        main(['zzzz'])
    said = capsys.readouterr().err
    assert all(word in said for word in [*TOOLS, *WORDS])


@pytest.mark.parametrize('word', [*TOOLS, *WORDS])
def test_help_and_slips_are_answered_without_torch(word):
    asked = without_torch(word, '--help')
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith(f'usage: mmgreen {word} ')
    slip = without_torch(word, '--no-such-option')
    assert slip.returncode == 2 and f'mmgreen {word}: error: ' in slip.stderr


def test_a_tool_gets_its_arguments_and_says_the_name_that_was_typed(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', ['untouched'])
    with pytest.raises(SystemExit) as end:
        main(['train', 'gone/nothing.py', '--amp'])
    assert end.value.code == 'mmgreen train: There is no config gone/nothing.py.'


def test_a_config_of_ours_is_taken_by_its_name(tmp_path, python):
    command = [python, '-m', 'mmgreen', 'flops', 'hiera/hiera_t_finetune.py', '--shape', '64']
    asked = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert asked.returncode == 0 and '27.91 M' in asked.stdout, asked.stderr


def test_configs(capsys):
    main(['configs'])
    every = capsys.readouterr().out.split()
    assert set(every) == {name for name in config_names() if not name.startswith('_base_')}
    main(['configs', 'own_images'])
    found = capsys.readouterr().out.split()
    assert found == [name for name in every if 'own_images' in name] and found
    with pytest.raises(SystemExit) as end:
        main(['configs', 'zzz'])
    assert "'zzz'" in end.value.code


def test_copy_says_what_was_written_and_what_is_next(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    line = ['copy', 'greenmim/swin_t_pretrain_own_images.py', 'my.py']
    main(line)
    assert 'mmgreen train my.py' in capsys.readouterr().out
    assert (tmp_path / 'my.py').is_file()
    with pytest.raises(SystemExit, match='mmgreen copy: my.py exists already'):
        main(line)


def test_check_runs_the_check(monkeypatch):
    monkeypatch.setattr(check_env, 'main', lambda: 1)
    monkeypatch.setattr(sys, 'argv', ['untouched'])
    with pytest.raises(SystemExit) as end:
        main(['check'])
    assert end.value.code == 1
