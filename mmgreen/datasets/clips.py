"""Videos in folders and lists, read so that a broken file costs one video.

The pipeline of a config is ``mmgreen.ReadClips``, then ``mmgreen.ForEachClip`` with transforms of
mmpretrain or mmcv, then ``mmgreen.PackClips``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
from mmengine.logging import MMLogger

from mmgreen.datasets.clip_lists import labels_as_numbers, read_clip_list, those_there
from mmgreen.datasets.images import (
    IMAGE_ENDINGS,
    VIDEO_ENDINGS,
    LabelledImages,
    UnlabelledImages,
)
from mmgreen.datasets.read_clips import ReadClips
from mmgreen.datasets.video import check_decoder
from mmgreen.registry import DATASETS


@DATASETS.register_module()
class UnlabelledClips(UnlabelledImages):
    """Every video in a folder, nested or flat, or every folder of frames there.

    Read as :class:`mmgreen.datasets.images.UnlabelledImages` reads images, which says what the
    other arguments are; ``img_path`` is the path of a video. An epoch goes once through the videos.

    Args:
        data_root: the folder; ``~`` is expanded.
        ann_file: a list of videos, see :func:`mmgreen.datasets.clip_lists.read_clip_list`; labels
            in it are not looked at.
        frames_in_folders: whether a video is a folder with a picture for each frame.
        extensions: endings of video files, in lower case; of pictures with ``frames_in_folders``.

    Attributes:
        clips_per_video: how many clips the pipeline takes of each.

    Raises:
        MissingPackageError: if PyAV is not installed, which folders of frames do without.
    """

    kind = 'video'

    def __init__(
        self,
        data_root: str,
        ann_file: str = '',
        data_prefix: str | dict = '',
        extensions: Sequence[str] | None = None,
        pipeline: Sequence = (),
        metainfo: dict | None = None,
        indices: int | Sequence[int] | None = None,
        max_refetch: int = 1000,
        test_mode: bool = False,
        lazy_init: bool = False,
        held_out: int = 0,
        part: str = 'all',
        frames_in_folders: bool = False,
    ) -> None:
        if not frames_in_folders:
            check_decoder()
        self.frames_in_folders = frames_in_folders
        super().__init__(
            data_root=data_root,
            ann_file=ann_file,
            data_prefix=data_prefix,
            extensions=extensions or (IMAGE_ENDINGS if frames_in_folders else VIDEO_ENDINGS),
            pipeline=pipeline,
            metainfo=metainfo,
            indices=indices,
            max_refetch=max_refetch,
            test_mode=test_mode,
            lazy_init=lazy_init,
            held_out=held_out,
            part=part,
        )

    @property
    def clips_per_video(self) -> int:
        """How many clips the pipeline takes of each video: samples of a batch for one index."""
        steps = self.pipeline.transforms
        return next((each.num_clips for each in steps if isinstance(each, ReadClips)), 1)

    def full_init(self) -> None:
        """Lists the videos, and lays out the marks that the workers share with this process."""
        if not self._fully_initialized:
            super().full_init()
            self._short = torch.zeros(len(self), dtype=torch.uint8).share_memory_()

    def short(self) -> torch.Tensor:
        """(N,) uint8, 1 for each video found shorter than its clips, whose last frame repeats."""
        return self._short

    def prepare_data(self, idx: int) -> dict:
        """What the pipeline makes of the video at ``idx``."""
        info = self.get_data_info(idx)
        packed = self.pipeline(info)
        if info.get('num_repeated') and not self._short[idx]:
            self._short[idx] = 1
            if info['num_different'] == 1:
                MMLogger.get_current_instance().warning(
                    f'{info["img_path"]} has one frame, so nothing moves in its clips; take it out.'
                )
        return packed

    def load_data_list(self) -> list[dict]:
        """One ``{'img_path': path}`` per video, with ``gt_label`` where there are labels."""
        if not self.ann_file:
            return super().load_data_list()
        videos = those_there(read_clip_list(self.ann_file), self.folder, self.ann_file)
        infos = [{'img_path': os.path.join(self.img_prefix, each.name)} for each in videos]
        if self.with_label:
            labels, classes = labels_as_numbers(videos, self.CLASSES, self.ann_file)
            self._metainfo['classes'] = classes
            infos = [{**info, 'gt_label': label} for info, label in zip(infos, labels, strict=True)]
            self._check_labels(infos)
        return self._of_this_part(infos)

    def _samples_among(self, files: list[str]) -> list[str]:
        found = super()._samples_among(files)
        if not self.frames_in_folders:
            return found
        return sorted({os.path.dirname(file) for file in found} - {''})


@DATASETS.register_module()
class LabelledClips(UnlabelledClips, LabelledImages):
    """Videos for classification: one folder for each class, or a list with labels.

    Read as :class:`UnlabelledClips`, which has the arguments; labels as those of
    :class:`mmgreen.datasets.images.LabelledImages`.

    Args:
        data_root: the folder of the folders.
        ann_file: a list of videos with labels, numbers or names.
        metainfo: ``dict(classes=(...))``, names in the order of the labels. Without it the folders,
            or the names in ``ann_file``, in alphabetical order.
    """
