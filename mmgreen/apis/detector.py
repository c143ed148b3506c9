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

from mmgreen.apis.class_names import class_names
from mmgreen.apis.launching import read_config
from mmgreen.apis.pipelines import draw_thin, split_pipeline
from mmgreen.checkpoints import own_weights, read_checkpoint
from mmgreen.checkpoints.fitting import check_filled
from mmgreen.datasets.classes import check_outputs
from mmgreen.datasets.palette import with_colours
from mmgreen.engine.trained_config import other_than_trained
from mmgreen.errors import InputError


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
        labels: whether pictures have names and scores at the boxes.

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
        labels: bool = True,
    ) -> None:
        self._content, self._classes, self._source = content, tuple(classes), source
        draw_thin(config, labels)
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
        self.read_image, reader, steps = split_pipeline(cfg)
        from_pixels = dict(
            type='mmdet.LoadImageFromNDArray', to_float32=reader.get('to_float32', False)
        )
        # A picture to predict has no truth to load, and no id.
        steps = [step for step in steps if step['type'].split('.')[-1] != 'LoadAnnotations']
        if 'meta_keys' in steps[-1]:
            steps[-1]['meta_keys'] = tuple(
                key for key in steps[-1]['meta_keys'] if key not in ('img_id', 'instances')
            )
        return Compose([from_pixels, *steps])

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
    config: str | Path | Config,
    checkpoint: str | Path,
    device: str | None = None,
    labels: bool = True,
) -> Detector:
    """A detector that is known to be filled by the checkpoint, ready for pictures.

    Names of classes are the checkpoint's. Where it has none, the config's are taken, and where both
    have names that differ, it is logged; so is what the config has otherwise than that with which
    the checkpoint was trained.

    Args:
        config: path of the detector's config, or what is in it. The file in
            ``backbone.init_cfg`` is not opened.
        checkpoint: path of its checkpoint, in any wrapping; see
            :func:`mmgreen.checkpoints.own_weights`.
        device: 'cpu', 'cuda', …; None takes a GPU if there is one.
        labels: whether pictures have names and scores at the boxes.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if the config is not that of a detector, or the checkpoint lacks parameters of
            the model, or nothing has the names of the classes.
    """
    cfg = config
    if not isinstance(config, Config):
        cfg = read_config(str(config), ('model', 'test_dataloader'))
    if cfg.get('default_scope') != 'mmdet' or 'visualizer' not in cfg:
        raise InputError(f'{cfg.filename} is not the config of a detector; give the one it has.')
    content = read_checkpoint(checkpoint)
    classes = class_names(cfg, content, cfg.filename, str(checkpoint))
    detector = Detector(cfg, content, classes, str(checkpoint), device, labels)
    check_outputs(cfg.model, classes, str(checkpoint))
    warning = other_than_trained(content, cfg, str(checkpoint))
    if warning:
        MMLogger.get_current_instance().warning(warning)
    return detector
