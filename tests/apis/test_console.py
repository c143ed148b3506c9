"""How many lines a clean run prints, and that what is not known comes through."""

import builtins
import re
from pathlib import Path

import pytest
from mmengine.logging import MMLogger
from reference_detector import SMALL
from reference_running import make_project

from mmgreen.apis import console, testing
from mmgreen.apis.training import configure_training, train
from mmgreen.demo.data import make_demo_data


def lines_of(capsys):
    return capsys.readouterr().out.splitlines()


class TestACleanRun:
    def test_of_a_pretraining(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        make_project(tmp_path)
        (tmp_path / 'images/3.jpg').unlink()
        loaders = {f'{each}_dataloader.num_workers': 0 for each in ('train', 'test')}
        cfg = configure_training('tiny.py', work_dir='out', cfg_options=loaders)
        train(cfg)
        said = lines_of(capsys)
        assert len(said) <= 20, said
        assert sum('Epoch(train)' in line for line in said) == 2  # after two steps, and the last
        assert any('This training' in line for line in said[:2])
        (log,) = Path('out').glob('*/*.log')
        whole = log.read_text()
        for what in ('System environment:', 'Config:', 'Groups of parameters', 'Saving checkpoint'):
            assert what in whole
        assert len(re.findall(r'Epoch\(train\)', whole)) == 12  # its own interval is one step

    def test_of_a_detection_and_its_test(self, detection, capsys):
        cfg = configure_training('small.py', work_dir='out', cfg_options=NO_WORKERS)
        capsys.readouterr()
        train(cfg)
        said = lines_of(capsys)
        assert len(said) <= 24, said
        assert 'objects to train on' in said[0]
        assert sum('coco/segm_mAP' in line for line in said) == 1
        trained = Path('out/small.py').read_text()
        cfg = testing.configure_test(
            'small.py', 'out/epoch_1.pth', work_dir='out', cfg_options={NO_WORKERS_IN_TEST: 0}
        )
        cfg.experiment_name = f'{detection.parent.name}_test'
        testing.test(cfg)
        said = lines_of(capsys)
        assert len(said) <= 38, said
        assert sum(line.startswith(' Average') for line in said) == 24
        assert Path('out/small.py').read_text() == trained  # that of the test lies beside its log
        assert len(list(Path('out').glob('*/small.py'))) == 1


def test_what_is_not_known_comes_through(tmp_path, capsys):
    logger = MMLogger('unknown', log_file=str(tmp_path / 'log'))
    console.hide_logged(logger)
    logger.warning('Exp name: x')
    logger.warning('the disk is nearly full')
    said = capsys.readouterr().out
    assert 'the disk is nearly full' in said and 'Exp name' not in said
    assert 'Exp name' in (tmp_path / 'log').read_text()


def test_prints_are_hidden_by_their_beginnings(capsys):
    console.hide_printed('and this')
    said = console.sys.modules['mmengine.logging.logger'].print
    for line in ('creating index...', 'and this too', 'loading something else', 5):
        said(line)
    assert lines_of(capsys) == ['loading something else', '5']
    console.hide_printed()
    console.sys.modules['mmengine.logging.logger'].print('and this too', end='!\n')
    assert lines_of(capsys) == ['and this too!']
    assert print is builtins.print


@pytest.fixture
def detection(tmp_path, monkeypatch):
    """A small detector and images of the demo, in the current folder."""
    monkeypatch.chdir(tmp_path)
    make_demo_data(tmp_path / 'data/demo', num_train=4, num_val=2, num_train_new=0, image_size=64)
    (tmp_path / 'small.py').write_text(SMALL.replace("'no/such/file.pth'", 'None') + SHORT)
    return tmp_path


SHORT = """
train_dataloader = dict(batch_size=2)
train_cfg = dict(max_epochs=1, val_interval=1)
param_scheduler = []
"""
NO_WORKERS_IN_TEST = 'test_dataloader.num_workers'
NO_WORKERS = {
    f'{each}_dataloader.{key}': value
    for each in ('train', 'val')
    for key, value in (('num_workers', 0), ('persistent_workers', False))
}
