"""Images in folders, read so that a broken file costs one image and a resumed run reads the same.

The pipeline of a config is ``mmgreen.ReadImage``, then transforms of mmpretrain or mmcv, then
``mmpretrain.PackInputs``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import torch
from mmengine.logging import MMLogger
from mmpretrain.datasets import CustomDataset

from mmgreen.datasets.errors import DataError
from mmgreen.datasets.substitutes import Substitutes, refuses_unreadable
from mmgreen.errors import InputError, MissingFileError
from mmgreen.registry import DATASETS

IMAGE_ENDINGS = (
    *('.jpg', '.jpeg', '.jfif', '.png', '.ppm', '.pgm', '.bmp', '.gif', '.tif', '.tiff'),
    *('.webp', '.jp2', '.avif'),
)
VIDEO_ENDINGS = (
    *('.mp4', '.m4v', '.mov', '.webm', '.mkv', '.avi', '.mpg', '.mpeg', '.ts', '.wmv', '.flv'),
    *('.ogv', '.3gp'),
)

PARTS = ('all', 'training', 'held_out')
_HOW_TO_SET = (
    'Set the folder at the top of your config, or with --cfg-options '
    'train_dataloader.dataset.data_root=FOLDER (val_dataloader, test_dataloader: what judges it).'
)


@DATASETS.register_module()
class UnlabelledImages(CustomDataset):
    """Every image in a folder, nested or flat, ImageNet's layout included.

    Links are followed, each folder once; names that begin with a dot are not looked at.

    ``images[i]`` is what the pipeline makes of the i-th image, drawn from the seed of a
    ``SeededIndex``, or from NumPy's generator for a plain int. If that image cannot be read, it is
    reported once, counted in :meth:`unreadable`, and another one takes its place, which again
    follows from the seed.

    Args:
        data_root: the folder; ``~`` is expanded.
        ann_file: a text file that names the images to use, one path per line relative to the
            folder. Without it all images are used.
        data_prefix: a folder inside ``data_root``.
        extensions: endings of image files, in lower case; files in upper case count too.
        pipeline: transforms; the first one reads the image and raises OSError where it cannot.
        metainfo: stored in checkpoints.
        indices: only the first so many images, or the images at these places.
        max_refetch: give up after so many unreadable images in a row.
        test_mode: whether the images are scored: then none takes the place of another.
        lazy_init: leave the folder alone until the images are needed.
        held_out: so many images, spread evenly over the sorted names, are kept out of a training
            and judge it; a tenth of all at most, and none of a single one.
        part: 'training', all but those; 'held_out', those, or all where there are none; 'all'.

    Attributes:
        num_other_files: how many files in the folder are no images.
        num_left_to_the_other_part: how many images ``part`` leaves out.

    Raises:
        FileNotFoundError: if the folder is missing or holds no image.
        DataError: from ``images[i]``, if no image can be read, or this one in a test.
    """

    with_label = False
    kind = 'image'

    def __init__(
        self,
        data_root: str,
        ann_file: str = '',
        data_prefix: str | dict = '',
        extensions: Sequence[str] = IMAGE_ENDINGS,
        pipeline: Sequence = (),
        metainfo: dict | None = None,
        indices: int | Sequence[int] | None = None,
        max_refetch: int = 1000,
        test_mode: bool = False,
        lazy_init: bool = False,
        held_out: int = 0,
        part: str = 'all',
    ) -> None:
        if part not in PARTS:
            raise InputError(f'part must be one of {PARTS}, not {part!r}.')
        self.held_out = held_out
        self.part = part
        self.num_other_files = self.num_left_to_the_other_part = 0
        super().__init__(
            data_root=os.path.expanduser(data_root),
            ann_file=ann_file,
            data_prefix=data_prefix,
            extensions=extensions,
            pipeline=pipeline,
            metainfo=metainfo,
            indices=indices,
            max_refetch=max_refetch,
            test_mode=test_mode,
            with_label=self.with_label,
            lazy_init=lazy_init,
        )

    @property
    def folder(self) -> str:
        """Absolute path of the folder that holds the images."""
        return os.path.abspath(self.img_prefix)

    def full_init(self) -> None:
        """Lists the images, and lays out the marks that the workers share with this process."""
        if not self._fully_initialized:
            super().full_init()
            self._substitutes = Substitutes(len(self), self.folder, self.max_refetch, self.kind)

    def load_data_list(self) -> list[dict]:
        """One ``{'img_path': path}`` per image."""
        if not os.path.isdir(self.img_prefix):
            raise MissingFileError(
                f'The {self.kind} folder {self.folder} does not exist. {_HOW_TO_SET}'
            )
        return self._of_this_part(super().load_data_list())

    def _of_this_part(self, images: list[dict]) -> list[dict]:
        places = held_out_places(len(images), self.held_out)
        if self.part == 'all' or not places:
            return images
        wanted = self.part == 'held_out'
        chosen = [image for place, image in enumerate(images) if (place in places) == wanted]
        self.num_left_to_the_other_part = len(images) - len(chosen)
        return chosen

    def _find_samples(self) -> list[str]:
        files = list(visible_files(self.img_prefix))
        images = self._samples_among(files)
        if not images:
            raise MissingFileError(
                f'The folder {self.folder} holds no {self.kind} (that is, no file ending in '
                f'{", ".join(sorted(self.extensions))}). {hint_at_other_kind(files)}{_HOW_TO_SET}'
            )
        self.num_other_files = sum(not self.is_valid_file(file) for file in files)
        return images

    def _samples_among(self, files: list[str]) -> list[str]:
        """Paths of what is read as one sample, among those of all files of the folder, sorted."""
        return sorted(file for file in files if self.is_valid_file(file))

    def unreadable(self) -> torch.Tensor:
        """(N,) uint8, 1 for each image that this process or a worker of it found unreadable."""
        return self._substitutes.unreadable

    def __getitem__(self, index: int) -> dict:
        """What the pipeline makes of the image at ``index``, or of the one in its place."""
        self.full_init()
        if self.test_mode:
            with refuses_unreadable():
                return self.prepare_data(int(index))
        return self._substitutes.get(self.prepare_data, index)


@DATASETS.register_module()
class LabelledImages(UnlabelledImages):
    """Images for classification: one folder for each class, with images in it, nested or flat.

    Read as :class:`UnlabelledImages`, which has the other arguments. The label of an image is the
    place of its class in ``metainfo['classes']``, so training and validation agree even where one
    has no folder for a class; mmpretrain's CustomDataset counts the folders that it finds.

    Args:
        data_root: the folder of the folders.
        ann_file: a text file with ``path label`` on each line, the path relative to the folder and
            the label a number from 0; for images that do not lie in folders of classes.
        metainfo: ``dict(classes=(...))``, the names of the folders, in the order of the labels.
            Without it the folders in alphabetical order; with ``ann_file`` it has to be given.

    Raises:
        DataError: if a folder is no class, or ``ann_file`` comes without classes, or a line of it
            has no label or one that is not below their number.
    """

    with_label = True

    def load_data_list(self) -> list[dict]:
        """One ``{'img_path': path, 'gt_label': int}`` per image."""
        if self.ann_file and not self.CLASSES:
            raise DataError(
                f'The labels in {self.ann_file} are numbers; name the classes that they stand for '
                'with metainfo=dict(classes=(...)).'
            )
        try:
            images = super().load_data_list()
        except InputError:  # of ours, and a ValueError too
            raise
        except ValueError as error:
            raise DataError(
                f'{self.ann_file} must have a path and a number, its label, on each line: {error}.'
            ) from error
        self._check_labels(images)
        return images

    def _check_labels(self, images: list[dict]) -> None:
        for image in images:
            if not 0 <= image['gt_label'] < len(self.CLASSES):
                raise DataError(
                    f'{self.ann_file} gives {image["img_path"]} the label {image["gt_label"]}, but '
                    f'there are {len(self.CLASSES)} classes, numbered from 0.'
                )

    def _find_samples(self) -> list[tuple[str, int]]:
        files = super()._find_samples()
        inside = [file for file in files if '/' in file]
        folders = sorted({file.split('/')[0] for file in inside})
        if not folders:
            raise DataError(
                f'{self.folder} has {self.kind}s but no folders; put those of each class into '
                'a folder with its name.'
            )
        if self.CLASSES is None:
            self._metainfo['classes'] = tuple(folders)
        strange = [name for name in folders if name not in self.CLASSES]
        if strange:
            raise DataError(
                f'{self.folder} has a folder {strange[0]!r} that is not one of the classes '
                f'{tuple(self.CLASSES)}; name it there, or take the folder away.'
            )
        self._warn(files, inside, folders)
        labels = {name: label for label, name in enumerate(self.CLASSES)}
        return [(file, labels[file.split('/')[0]]) for file in inside]

    def _warn(self, files: list[str], inside: list[str], folders: list[str]) -> None:
        """What was left aside and what is missing, once in the log."""
        log = MMLogger.get_current_instance()
        if len(inside) < len(files):
            log.warning(
                f'{len(files) - len(inside)} {self.kind}s lie in {self.folder} itself, in no '
                'folder of a class, and are left aside.'
            )
        empty = [name for name in self.CLASSES if name not in folders]
        if empty:
            log.warning(f'{self.folder} has no {self.kind} of {", ".join(empty)}.')


def held_out_places(number: int, held_out: int) -> set[int]:
    """Which of so many images are held out: evenly spread, a tenth at most, none of a single one.

    Neighbours in a folder are often of one place and time, so that its end alone would judge
    another question than the one that was learned.
    """
    held_out = min(held_out, max(number // 10, 1 if number > 1 else 0))
    return {(2 * i + 1) * number // (2 * held_out) for i in range(held_out)}


def image_files(path: str, limit: int | None = None) -> list[str]:
    """``path`` itself, or the images of the folder ``path``, sorted; at most ``limit``.

    Raises:
        FileNotFoundError: if there is no such file or folder, or no image in the folder.
    """
    if os.path.isfile(path):
        return [path]
    if not os.path.isdir(path):
        raise MissingFileError(f'There is no file or folder {path}; give one with --img-path.')
    try:
        images = UnlabelledImages(path)
    except FileNotFoundError as error:
        hint = hint_at_other_kind(list(visible_files(path)))
        raise MissingFileError(
            f'The folder {path} holds no image; give another one. {hint}'.strip()
        ) from error
    return [images.get_data_info(i)['img_path'] for i in range(len(images))[:limit]]


def hint_at_other_kind(files: Sequence[str]) -> str:
    """What a folder without the right files may have been meant for, in a sentence, or ''."""
    images = sum(file.lower().endswith(IMAGE_ENDINGS) for file in files)
    if images:
        return (
            f'It holds {images} images: take a config for images, or set '
            'dataset.frames_in_folders=True if they are the frames of videos. '
        )
    videos = sum(file.lower().endswith(VIDEO_ENDINGS) for file in files)
    return f'It holds {videos} videos: take a config for clips. ' if videos else ''


def other_files(folder: str, endings: tuple[str, ...] = IMAGE_ENDINGS) -> list[str]:
    """Files below a folder that have none of the endings, relative to it, sorted."""
    return sorted(name for name in visible_files(folder) if not name.lower().endswith(endings))


def visible_files(root: str) -> Iterator[str]:
    """Paths of all files below ``root``, relative to it, with forward slashes."""
    seen = set()
    for folder, folders, files in os.walk(root, followlinks=True, onerror=_report):
        if os.path.realpath(folder) in seen:  # A link back up, or a second link to one folder.
            folders.clear()
            continue
        seen.add(os.path.realpath(folder))
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        for name in files:
            if not name.startswith('.'):
                yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, '/')


def _report(error: OSError) -> None:
    MMLogger.get_current_instance().warning(f'Cannot look into a folder: {error}')
