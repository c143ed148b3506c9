"""Parts of a labelled training set, small ones inside larger ones, as files that a config can name.

A *label* is what people pay for: a box of a detector's images, an image or video of a classifier's.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.utils import import_modules_from_strings

from mmgreen.datasets.clips import LabelledClips
from mmgreen.datasets.images import LabelledImages
from mmgreen.errors import InputError
from mmgreen.registry import DATASETS


class Subset(NamedTuple):
    """Some of the images of a training set."""

    places: tuple[int, ...]
    """Which, by their place in the set, in ascending order."""
    num_labels: int


class LabelledSet(Protocol):
    """What a label curve asks of a training set."""

    unit: str
    """What is counted, as in 'boxes'."""
    metric: str
    """The name of the score, as a validation logs it."""
    percent: float
    """What makes percent of the score."""
    ending: str
    """Of its annotation files."""
    labels: list[int]
    """Of each image, how many labels it has."""

    def write(self, places: Sequence[int], path: Path) -> None:
        """Writes an annotation file of the images at these places."""

    def training_options(self, path: Path) -> dict[str, object]:
        """What a config needs, to train on such a file."""

    def validation_options(self, path: Path) -> dict[str, object]:
        """What a config needs, to be validated on such a file, on images of the training set."""


class BoxedImages:
    """The training set of a detector: a COCO file; counted are the objects that are learned from.

    Args:
        cfg: the detector's config.
    """

    unit = 'boxes'
    metric = 'coco/bbox_mAP'
    percent = 100.0
    ending = '.json'

    def __init__(self, cfg: Config):
        self._settings = cfg.train_dataloader.dataset
        self._root = Path(self._settings.get('data_root') or '')
        path = self._root / self._settings.ann_file
        dataset = _built(cfg)
        self._file = json.loads(path.read_text(encoding='utf-8-sig'))
        infos = [dataset.get_data_info(i) for i in range(len(dataset))]
        self._ids = [info['img_id'] for info in infos]
        self.labels = [
            sum(not instance.get('ignore_flag') for instance in info['instances']) for info in infos
        ]

    def write(self, places: Sequence[int], path: Path) -> None:
        """See :class:`LabelledSet`."""
        ids = {self._ids[place] for place in places}
        kept = {
            'images': [each for each in self._file['images'] if each['id'] in ids],
            'annotations': [each for each in self._file['annotations'] if each['image_id'] in ids],
        }
        path.write_text(json.dumps({**self._file, **kept}), encoding='utf-8')

    def training_options(self, path: Path) -> dict[str, object]:
        """See :class:`LabelledSet`."""
        return {'train_dataloader.dataset.ann_file': str(path.resolve())}

    def validation_options(self, path: Path) -> dict[str, object]:
        """See :class:`LabelledSet`."""
        return {
            'val_dataloader.dataset.data_root': self._settings.get('data_root'),
            'val_dataloader.dataset.data_prefix': dict(self._settings.data_prefix),
            'val_dataloader.dataset.ann_file': str(path.resolve()),
            'val_evaluator.ann_file': str(path.resolve()),
        }


class ClassifiedImages:
    """The training set of a classifier, counted in images.

    Args:
        cfg: the classifier's config.
    """

    unit = 'images'
    metric = 'accuracy/top1'
    percent = 1.0
    ending = '.txt'
    separator = ' '

    def __init__(self, cfg: Config):
        self._dataset = _built(cfg)
        self._classes = tuple(self._dataset.metainfo['classes'])
        self.labels = [1] * len(self._dataset)

    def write(self, places: Sequence[int], path: Path) -> None:
        """See :class:`LabelledSet`."""
        infos = [self._dataset.get_data_info(place) for place in places]
        lines = [
            f'{Path(info["img_path"]).resolve()}{self.separator}{info["gt_label"]}\n'
            for info in infos
        ]
        path.write_text(''.join(lines), encoding='utf-8')

    def training_options(self, path: Path) -> dict[str, object]:
        """See :class:`LabelledSet`."""
        return self._options('train_dataloader', path)

    def validation_options(self, path: Path) -> dict[str, object]:
        """See :class:`LabelledSet`."""
        return self._options('val_dataloader', path)

    def _options(self, loader: str, path: Path) -> dict[str, object]:
        return {
            f'{loader}.dataset.ann_file': str(path.resolve()),
            f'{loader}.dataset.metainfo.classes': self._classes,
        }


class ClassifiedVideos(ClassifiedImages):
    """The training set of a classifier of clips, counted in videos.

    Args:
        cfg: the classifier's config.
    """

    unit = 'videos'
    separator = ','  # that of Kinetics; the last one of a line counts, whatever is in a path


def labelled_set(cfg: Config) -> LabelledSet:
    """The training set of a config.

    Raises:
        InputError: if it is neither a detector's nor a classifier's.
    """
    dataset = DATASETS.get(cfg.train_dataloader.dataset.get('type'))
    if dataset is not None and issubclass(dataset, LabelledClips):
        return ClassifiedVideos(cfg)
    if dataset is not None and issubclass(dataset, LabelledImages):
        return ClassifiedImages(cfg)
    if 'ann_file' in cfg.train_dataloader.dataset:
        return BoxedImages(cfg)
    raise InputError(
        f'{cfg.filename} trains on {cfg.train_dataloader.dataset.get("type")}; a label curve needs '
        'a detector with a COCO file (mmgreen.CocoDataset) or a classifier with images or videos '
        'in folders of classes (mmgreen.LabelledImages, mmgreen.LabelledClips).'
    )


def _built(cfg: Config) -> object:
    import_modules_from_strings(**cfg.get('custom_imports', dict(imports=[])))
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    return DATASETS.build({**cfg.train_dataloader.dataset, 'pipeline': []})


def nested_subset(labels: Sequence[int], wanted: int | None, seed: int) -> Subset:
    """The first images, in an order drawn from ``seed``, that hold so many labels together.

    Of one seed, the images of a smaller subset are all in a larger one.

    Args:
        labels: of each image, how many it has.
        wanted: at least so many labels; None: all images.
        seed: of the order.

    Raises:
        InputError: if there are fewer.
    """
    order = list(range(len(labels)))
    if wanted is None:
        return Subset(tuple(order), sum(labels))
    random.Random(seed).shuffle(order)
    total = 0
    for number, place in enumerate(order, start=1):
        total += labels[place]
        if total >= wanted:
            return Subset(tuple(sorted(order[:number])), total)
    raise InputError(f'The training set has {total} labels, fewer than the {wanted} asked for.')


class Split(NamedTuple):
    """A training set in two: what is trained on, and what rates are chosen by."""

    training: Subset
    choosing: Subset


def split_for_choosing(
    labels: Sequence[int], wanted: int | None, seed: int, part: float = 0.3
) -> Split:
    """A subset as :func:`nested_subset` draws it, and a part of the other images to choose by.

    Args:
        labels: of each image, how many it has.
        wanted: at least so many, or what there is; None: all that the other part leaves.
        seed: of both.
        part: the share of all images that is kept to choose by.
    """
    order = list(range(len(labels)))
    random.Random(f'choosing {seed}').shuffle(order)
    kept = sorted(order[: max(1, round(part * len(order)))])
    rest = sorted(set(order) - set(kept))
    available = sum(labels[place] for place in rest)
    wanted = None if wanted is None or wanted >= available else wanted
    drawn = nested_subset([labels[place] for place in rest], wanted, seed)
    training = Subset(tuple(rest[place] for place in drawn.places), drawn.num_labels)
    return Split(training, Subset(tuple(kept), sum(labels[place] for place in kept)))
