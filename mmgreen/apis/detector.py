"""A detector for pictures from Python: mmdet's DetInferencer, filled and fed by our own readers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.apis import DetInferencer
from mmdet.datasets import CocoDataset
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.logging import MMLogger
from torch import nn

from mmgreen.apis.launching import read_config
from mmgreen.checkpoints import own_weights, read_checkpoint
from mmgreen.checkpoints.fitting import check_filled
from mmgreen.datasets.classes import check_outputs, classes_in, classes_of, compare_classes
from mmgreen.datasets.errors import DataError
from mmgreen.datasets.palette import with_colours
from mmgreen.datasets.read_image import ReadImage
from mmgreen.errors import InputError

# The first transform of a pipeline, which turns a file into pixels.
READERS = ('LoadImageFromFile', 'ReadImage', 'LoadImageFromNDArray', 'InferencerLoader')


class Detector(DetInferencer):
    """mmdet's DetInferencer, whose checkpoint and pictures are read as mmgreen reads them.

    ``detector(path)`` takes a path, an array (H, W, 3) uint8 with blue first, or a list of them,
    and the other arguments of DetInferencer. Files are read by :class:`mmgreen.ReadImage`, whatever
    the pipeline of the config reads with, up to its ``max_megapixels``; nothing in the checkpoint
    is run. Pictures of what was found (``return_vis=True``) have red first.

    Args:
        config: of the detector.
        content: of the checkpoint file.
        classes: their names, in the order of the labels.
        source: the checkpoint, for messages.
        device: 'cpu', 'cuda', …; None takes a GPU if there is one.

    Attributes:
        read_image: the reader of files.

    Raises:
        ValueError: if the weights do not fill the model.
    """

    def __init__(
        self,
        config: Config,
        content: Mapping[str, Any],
        classes: Sequence[str],
        source: str,
        device: str | None = None,
    ) -> None:
        self._content, self._classes, self._source = content, tuple(classes), source
        super().__init__(config, device=device, show_progress=False)
        del self._content  # The model has its own copy.

    def _load_weights_to_model(
        self, model: nn.Module, checkpoint: dict | None, cfg: Config
    ) -> None:
        """Fills the model; ``checkpoint`` is None, since mmdet was given no file to read."""
        weights = own_weights(self._content, [name for name, _ in model.named_parameters()])
        advice = f'{cfg.filename} is not the config that it was trained with: give that one.'
        check_filled(model, weights, self._source, advice)
        shapes = {name: value.shape for name, value in model.state_dict().items()}
        model.load_state_dict(
            {name: x for name, x in weights.items() if shapes.get(name) == x.shape}, strict=False
        )
        palette = (cfg.test_dataloader.dataset.get('metainfo') or {}).get('palette')
        palette = palette or CocoDataset.METAINFO['palette']
        model.dataset_meta = with_colours(dict(classes=self._classes, palette=palette))

    def _init_pipeline(self, cfg: Config) -> Compose:
        """The test pipeline, with pixels instead of a file at its beginning."""
        steps = [dict(step) for step in cfg.test_dataloader.dataset.pipeline]
        if not steps or steps[0]['type'].split('.')[-1] not in READERS:
            raise InputError(
                f'The test pipeline of {cfg.filename} does not begin with mmgreen.ReadImage or '
                'LoadImageFromFile; put one of them first.'
            )
        self.read_image = ReadImage(steps[0].get('max_megapixels'))
        steps[0] = dict(
            type='mmdet.LoadImageFromNDArray', to_float32=steps[0].get('to_float32', False)
        )
        # A picture to predict has no truth to load, and no id.
        steps = [step for step in steps if step['type'].split('.')[-1] != 'LoadAnnotations']
        if 'meta_keys' in steps[-1]:
            steps[-1]['meta_keys'] = tuple(
                key for key in steps[-1]['meta_keys'] if key not in ('img_id', 'instances')
            )
        return Compose(steps)

    def _get_chunk_data(self, inputs: Iterable, chunk_size: int) -> Iterator[list]:
        """Pixels and what the pipeline makes of them, ``chunk_size`` pictures at a time."""
        return super()._get_chunk_data(map(self._pixels, inputs), chunk_size)

    def _pixels(self, given: str | Path | np.ndarray | dict) -> dict:
        """``img``, blue first, beside what else was given (the words of an open detector)."""
        if isinstance(given, np.ndarray):
            return dict(img=given)
        results = given if isinstance(given, dict) else dict(img_path=str(given))
        if 'img' in results:
            return results
        read = self.read_image.transform(dict(img_path=results['img_path']))
        return {**results, 'img': read['img']}

    def visualize(
        self, inputs: Sequence[np.ndarray], preds: Sequence[DetDataSample], **options: Any
    ) -> list[np.ndarray] | None:
        """Pictures of what was found, (H, W, 3) uint8 with red first."""
        return super().visualize([image[..., ::-1] for image in inputs], preds, **options)


def load_detector(
    config: str | Path, checkpoint: str | Path, device: str | None = None
) -> Detector:
    """A detector that is known to be filled by the checkpoint, ready for pictures.

    Names of classes are the checkpoint's. Where it has none, the config's are taken, and where both
    have names that differ, it is logged.

    Args:
        config: path of the detector's config. The file in ``backbone.init_cfg`` is not opened.
        checkpoint: path of its checkpoint, in any wrapping; see
            :func:`mmgreen.checkpoints.own_weights`.
        device: 'cpu', 'cuda', …; None takes a GPU if there is one.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if the config is not that of a detector, or the checkpoint lacks parameters of
            the model, or nothing has the names of the classes.
    """
    cfg = read_config(str(config), ('model', 'test_dataloader'))
    if cfg.get('default_scope') != 'mmdet' or 'visualizer' not in cfg:
        raise InputError(f'{config} is not the config of a detector; give the one it has.')
    content = read_checkpoint(checkpoint)
    classes = _names(cfg, content, str(config), str(checkpoint))
    detector = Detector(cfg, content, classes, str(checkpoint), device)
    check_outputs(cfg.model, classes, str(checkpoint))
    return detector


def _names(cfg: Config, content: Mapping[str, Any], config: str, checkpoint: str) -> Sequence[str]:
    """Names of the classes, and what there is to say about them in the log."""
    log = MMLogger.get_current_instance()
    trained = classes_in(content)
    given = classes_of(cfg.test_dataloader.dataset)
    given = tuple(given) if isinstance(given, list | tuple) else ()
    if not (trained or given):
        raise InputError(
            f'Neither {checkpoint} nor {config} has names of classes; set '
            'test_dataloader.dataset.metainfo=dict(classes=(...)), in the order of training.'
        )
    if not trained:
        log.warning(f'{checkpoint} has no names of classes: those of {config} are taken, {given}.')
        return given
    try:
        warning = compare_classes(trained, given, checkpoint, f'{config} has')
    except DataError:
        warning = f'{config} has the classes in another order, {given}.'
    if warning:
        log.warning(f'{warning} Objects are named as in the checkpoint, {trained}.')
    return trained
