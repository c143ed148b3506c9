"""A classifier for pictures, or for clips, that are in no data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

from mmgreen.apis.class_names import class_names
from mmgreen.apis.look import Look
from mmgreen.apis.pipelines import split_pipeline
from mmgreen.checkpoints import own_weights, read_checkpoint
from mmgreen.checkpoints.fitting import check_filled
from mmgreen.datasets.classes import check_outputs
from mmgreen.datasets.clip_transforms import collate_clips
from mmgreen.datasets.sources import reads_clips
from mmgreen.engine.trained_config import other_than_trained

NUM_NAMED = 5
"""Classes that are named of each image."""


def is_classifier(cfg: Config) -> bool:
    """Whether a config is that of a model with one output for each class of images."""
    kind = str(cfg.model.get('type')).split('.')[-1]
    return cfg.get('default_scope') == 'mmpretrain' and kind == 'ImageClassifier'


class Classifier:
    """Names the classes of images, which are read as in training; see :class:`ReadImage`.

    Args:
        cfg: the config of the classifier. The file in ``backbone.init_cfg`` is not opened.
        content: of the checkpoint file.
        classes: their names, in the order of the outputs.
        source: the checkpoint, for messages.
        device: 'cpu', 'cuda', …; None takes a GPU if there is one.

    Raises:
        ValueError: if the weights do not fill the model.
    """

    kind = 'image'
    shows_progress = False

    def __init__(
        self,
        cfg: Config,
        content: Mapping[str, Any],
        classes: Sequence[str],
        source: str,
        device: str | None = None,
    ) -> None:
        init_default_scope('mmpretrain')
        self.classes = classes
        self._read_as(cfg)
        preprocessor = cfg.get('data_preprocessor')
        model = MODELS.build({'data_preprocessor': preprocessor, **cfg.model})
        weights = own_weights(content, [name for name, _ in model.named_parameters()])
        advice = f'{cfg.filename} is not the config that it was trained with: give that one.'
        check_filled(model, weights, source, advice)
        model.load_state_dict(weights, strict=False)
        device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
        self.model = model.to(device).eval()

    def look(self, path: str, picture: Path) -> Look:
        """The best classes of an image, by the mean over what is read of it; no picture is made.

        Raises:
            UnreadableImageError, UnreadableVideoError: if it cannot be read.
        """
        batch, (height, width) = self._read(path)
        with torch.no_grad():
            samples = self.model.test_step(batch)
        mean = torch.stack([each.pred_score for each in samples]).mean(0).cpu()
        scores, labels = mean.topk(min(NUM_NAMED, len(self.classes)))
        best = zip(scores.tolist(), labels.tolist(), strict=True)
        found = [{'name': self.classes[label], 'score': score} for score, label in best]
        return Look(width, height, found)

    def _read_as(self, cfg: Config) -> None:
        self._read_image, _, steps = split_pipeline(cfg)
        self._pipeline = Compose(steps)

    def _read(self, path: str) -> tuple[dict, tuple[int, int]]:
        """A batch for the model, and the height and width in the file."""
        read = self._read_image.transform({'img_path': path})
        size = read['ori_shape']
        return default_collate([self._pipeline(read)]), size

    def content(self, looks: Iterable[tuple[dict, Look]]) -> dict[str, Any]:
        """The file of results: ``classes``, and ``images`` with the best of them for each."""
        images = [{**image, 'classes': look.found} for image, look in looks]
        return {'classes': list(self.classes), f'{self.kind}s': images}

    def describe(self, looks: Sequence[Look]) -> str:
        """What was done, in the words of the last line."""
        return f'classes of {len(looks)} {self.kind}s'

    def note(self, sizes: Sequence[tuple[int, int]]) -> None:
        """Nothing has to be known before: a class does not shrink."""


class ClipClassifier(Classifier):
    """Names the classes of videos, by the clips that the test pipeline of the config takes."""

    kind = 'video'

    def _read_as(self, cfg: Config) -> None:
        self._pipeline = Compose(cfg.test_dataloader.dataset.pipeline)

    def _read(self, path: str) -> tuple[dict, tuple[int, int]]:
        batch = collate_clips([self._pipeline({'img_path': path})])
        return batch, batch['data_samples'][0].ori_shape


def load_classifier(
    config: Config, checkpoint: str | Path, device: str | None = None
) -> Classifier:
    """A classifier that is known to be filled by the checkpoint.

    Args:
        config: of the classifier.
        checkpoint: path of its checkpoint, in any wrapping.
        device: 'cpu', 'cuda', …; None takes a GPU if there is one.

    Raises:
        FileNotFoundError: if the file is missing.
        ValueError: if it lacks parameters of the model, or nothing has the names of the classes.
    """
    content = read_checkpoint(checkpoint)
    classes = class_names(config, content, config.filename, str(checkpoint))
    check_outputs(config.model, classes, str(checkpoint))
    kind = ClipClassifier if reads_clips(config.test_dataloader.dataset) else Classifier
    classifier = kind(config, content, classes, str(checkpoint), device)
    warning = other_than_trained(content, config, str(checkpoint))
    if warning:
        MMLogger.get_current_instance().warning(warning)
    return classifier
