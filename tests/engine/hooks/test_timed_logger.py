import json
import time
from itertools import count
from pathlib import Path

import pytest
from reference_training import log_of, runner


def train(images, interval=1, epochs=4, **options):
    """A training of 3 steps an epoch."""
    logger = dict(type='mmgreen.TimedLoggerHook', interval=interval, **options)
    trained = runner(images, [], epochs=epochs, default_hooks=dict(logger=logger))
    trained.train()
    return trained


def steps(text):
    """The steps, counted from the first epoch's, of all lines of progress."""
    found = []
    for line in text.splitlines():
        if 'Epoch(train)' in line:
            epoch, step = line.split('Epoch(train)')[1].split(']')[:2]
            found.append(3 * (int(epoch.strip(' [')) - 1) + int(step.strip(' [').split('/')[0]))
    return found


def test_the_second_step_and_the_last_are_on_the_console(images, capsys):
    trained = train(images)
    assert steps(capsys.readouterr().out) == [2, 12]
    assert steps(log_of(trained)) == list(range(1, 13))


def test_then_one_whenever_the_seconds_are_over(images, monkeypatch, capsys):
    clock = count()
    monkeypatch.setattr(time, 'monotonic', lambda: 4.0 * next(clock))
    trained = train(images, interval=100, seconds=9)
    said = steps(capsys.readouterr().out)
    assert said[0] == 2 and said[-1] == 12 and 2 < len(said) < 12
    assert steps(log_of(trained)) == [3, 6, 9, 12]  # short epochs have a line at their end


@pytest.mark.parametrize('interval', [1, 2])
def test_values_are_logged_at_their_interval(images, interval):
    trained = train(images, interval=interval)
    (log,) = Path(trained.log_dir).glob('vis_data/scalars.json')
    logged = [json.loads(line)['step'] for line in log.read_text().splitlines()]
    assert logged == [3 * e + s for e in range(4) for s in range(interval, 4, interval)]


def test_scores_are_no_progress(images, capsys):
    tested = runner(
        images, [], default_hooks=dict(logger=dict(type='mmgreen.TimedLoggerHook', interval=1))
    )
    tested.test()
    for text in (capsys.readouterr().out, log_of(tested)):
        assert sum('reconstruction_loss' in line for line in text.splitlines()) == 1
    assert log_of(tested).count('eta: ') == 3
