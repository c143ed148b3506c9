import io
import sys

import numpy as np
import pytest
from PIL import Image
from reference_training import NUM_IMAGES, loader, log_of, runner

from mmgreen.apis import progress as module
from mmgreen.apis.progress import bar_below_the_log, progress
from mmgreen.errors import InputError


@pytest.mark.parametrize('is_terminal', [True, False])
def test_all_come_in_their_order(monkeypatch, capsys, is_terminal):
    monkeypatch.setattr('sys.stdout.isatty', lambda: is_terminal)
    assert list(progress(iter(range(5)), 'Tiles', 5)) == list(range(5))


def test_elsewhere_a_line_now_and_then(monkeypatch, capsys):
    times = iter([0, 15, 25, 25, 30, 50, 50])
    monkeypatch.setattr(module.time, 'monotonic', lambda: next(times))
    list(progress(range(4), 'Tiles', 4))
    assert capsys.readouterr().out == 'Tiles: 2 of 4\n'


HIDE_CURSOR, SHOW_CURSOR = '\x1b[?25l', '\x1b[?25h'


class Screen(io.StringIO):
    """A terminal, as far as programs ask."""

    def isatty(self):
        return True


class TestBarBelowTheLog:
    def train(self, images, **options):
        trained = runner(images, [], epochs=2, **options)
        with bar_below_the_log(trained):
            trained.train()
        return trained

    @pytest.fixture
    def images(self, tmp_path):
        folder = tmp_path / 'images'
        folder.mkdir()
        for i in range(NUM_IMAGES):
            pixels = np.full((16, 16, 3), 20 * i, dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f'{i:02}.png')
        return folder

    def screen(self, monkeypatch):
        """In the place of the output; not a fixture, whose output pytest changes back."""
        monkeypatch.setenv('TERM', 'xterm')
        monkeypatch.setenv('COLUMNS', '200')
        monkeypatch.setattr(sys, 'stdout', Screen())
        return sys.stdout

    def test_in_a_terminal_lines_stand_above_a_bar(self, images, monkeypatch):
        screen = self.screen(monkeypatch)
        scored = dict(
            val_dataloader=loader(images, shuffle=False),
            val_cfg={},
            val_evaluator=dict(type='mmgreen.ReconstructionLoss'),
        )
        logger = dict(type='mmgreen.TimedLoggerHook', interval=1)
        trained = self.train(images, default_hooks=dict(logger=logger), **scored)
        shown = screen.getvalue()
        for what in ('Training', '6/6', 'left', 'Validating'):
            assert what in shown
        said = [line.split(' - ')[-1] for line in log_of(trained).splitlines() if 'Epoch(' in line]
        assert said and all(line in shown for line in said if 'eta' not in line)
        assert sys.stdout is screen  # as before
        streams = [getattr(each, 'stream', None) for each in trained.logger.handlers]
        assert screen in streams

    def test_a_training_that_breaks_gives_the_terminal_back(self, images, monkeypatch):
        screen = self.screen(monkeypatch)
        broken = runner(images, [])
        with pytest.raises(InputError), bar_below_the_log(broken):
            raise InputError('a step that fails.')
        assert sys.stdout is screen
        assert screen.getvalue().rstrip('\r').endswith(SHOW_CURSOR)

    def test_elsewhere_nothing_but_lines(self, images, capsys):
        self.train(images)
        assert HIDE_CURSOR not in capsys.readouterr().out
