import json

from mmengine import dist
from reference_training import runner

from mmgreen.engine.hooks import MainProcessLoggerHook


def test_one_process_writes_the_figures_of_a_test(images, monkeypatch):
    hooks = dict(logger=dict(type='mmgreen.MainProcessLoggerHook'))
    tested = runner(images, [], default_hooks=hooks)
    metrics = tested.test()
    (file,) = (images.parent / 'run').glob('*/*.json')
    assert 'reconstruction_loss' in json.loads(file.read_text())
    file.unlink()
    (hook,) = (each for each in tested.hooks if isinstance(each, MainProcessLoggerHook))
    monkeypatch.setattr(dist.utils, 'get_rank', lambda group=None: 1)
    hook.after_test_epoch(tested, metrics)
    assert not file.exists()
