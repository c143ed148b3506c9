import json

from mmengine import dist
from reference_training import runner


def test_one_process_writes_the_figures_of_a_test(images, monkeypatch):
    hooks = dict(logger=dict(type='mmgreen.MainProcessLoggerHook'))
    tested = runner(images, [], default_hooks=hooks)
    tested.test()
    (file,) = (images.parent / 'run').glob('*/*.json')
    assert 'reconstruction_loss' in json.loads(file.read_text())
    file.unlink()
    monkeypatch.setattr(dist.utils, 'get_rank', lambda group=None: 1)
    tested.test()
    assert not file.exists()
