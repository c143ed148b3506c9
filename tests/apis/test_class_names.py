import pytest
from mmengine.config import Config

from mmgreen.apis.class_names import class_names

CHECKPOINT = dict(meta=dict(dataset_meta=dict(classes=('cat', 'dog'))))


def names(given, content):
    meta = dict(metainfo=dict(classes=given)) if given else {}
    cfg = Config(dict(test_dataloader=dict(dataset=dict(type='x', **meta))))
    return class_names(cfg, content, 'a.py', 'a.pth')


def test_the_checkpoint_counts():
    assert tuple(names(('dog', 'cat'), CHECKPOINT)) == ('cat', 'dog')
    assert tuple(names(('cow', 'hen'), {})) == ('cow', 'hen')


def test_without_any():
    with pytest.raises(ValueError, match='Neither a.pth nor a.py has names of classes'):
        names(None, {})
