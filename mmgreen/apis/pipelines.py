"""What a config reads pictures with, and draws on them with, in the place of the hosts' own."""

from __future__ import annotations

from mmengine.config import Config

from mmgreen.datasets.read_image import ReadImage
from mmgreen.errors import InputError

# The first transform of a pipeline, which turns a file into pixels.
READERS = ('LoadImageFromFile', 'ReadImage', 'LoadImageFromNDArray', 'InferencerLoader')
HOSTS_VISUALIZER = 'DetLocalVisualizer'


def split_pipeline(cfg: Config) -> tuple[ReadImage, dict, list[dict]]:
    """Our reader in the place of a pipeline's own, that one's settings, and the steps after it.

    Raises:
        InputError: if the pipeline does not begin with a reader of files.
    """
    steps = [dict(step) for step in cfg.test_dataloader.dataset.pipeline]
    if not steps or steps[0]['type'].split('.')[-1] not in READERS:
        raise InputError(
            f'The test pipeline of {cfg.filename} does not begin with mmgreen.ReadImage or '
            'LoadImageFromFile; put one of them first.'
        )
    return ReadImage(steps[0].get('max_megapixels')), steps[0], steps[1:]


def draw_thin(config: Config, labels: bool) -> None:
    """Lets a config of mmdet draw as :class:`mmgreen.DetectionVisualizer` does."""
    visualizer = config.get('visualizer') or {}
    if str(visualizer.get('type')).split('.')[-1] == HOSTS_VISUALIZER:
        visualizer.update(type='mmgreen.DetectionVisualizer', labels=labels)
