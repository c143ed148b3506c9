import pytest
from mmengine.config import Config

from mmgreen.apis.pipelines import draw_thin, split_pipeline


def config(*steps):
    return Config(dict(test_dataloader=dict(dataset=dict(pipeline=list(steps)))))


def test_the_reader_is_split_off():
    first = dict(type='mmgreen.ReadImage', max_megapixels=3)
    reader, settings, rest = split_pipeline(config(first, dict(type='A')))
    assert reader.max_megapixels == 3 and settings == first and rest == [dict(type='A')]


def test_a_pipeline_without_one():
    for steps in ((), (dict(type='A'),)):
        with pytest.raises(ValueError, match='does not begin with mmgreen.ReadImage'):
            split_pipeline(config(*steps))


@pytest.mark.parametrize(
    ('kind', 'expected'),
    [('DetLocalVisualizer', 'mmgreen.DetectionVisualizer'), ('Mine', 'Mine')],
)
def test_only_the_hosts_visualizer_is_replaced(kind, expected):
    cfg = Config(dict(visualizer=dict(type=kind)))
    draw_thin(cfg, labels=False)
    assert cfg.visualizer.type == expected
    draw_thin(Config({}), labels=True)
