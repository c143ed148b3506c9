"""What a detector finds in a picture, whole or tile by tile."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from pycocotools import mask as coding

from mmgreen.apis.coco_results import as_coco
from mmgreen.apis.detector import Detector
from mmgreen.apis.look import Look
from mmgreen.apis.overview import Overview
from mmgreen.apis.progress import progress
from mmgreen.apis.seams import Found, group_across_seams, hull
from mmgreen.datasets.caps import HOW_TO_RAISE, most_found
from mmgreen.datasets.conversion.outlines import bitmap_of, run_lengths_of
from mmgreen.datasets.conversion.tiling import Grid, Tile, plan_grid
from mmgreen.datasets.scales import SHRUNK, scale_of
from mmgreen.datasets.windows import open_windows
from mmgreen.engine.hooks.draw_detections import picture_name


class WholeImages:
    """Looks at each image at once.

    Args:
        detector: what looks.
        score_thr: objects of a lower score are left out.
    """

    kind = 'image'
    shows_progress = False

    def __init__(self, detector: Detector, score_thr: float) -> None:
        self.detector = detector
        self.score_thr = score_thr
        self.most = most_found(detector.cfg.model)

    def look(self, path: str, picture: Path) -> Look:
        """What is in an image; draws it.

        Raises:
            UnreadableImageError: if it cannot be read.
            OSError: if the picture cannot be written.
        """
        pixels = self.detector.read_image.transform({'img_path': path})['img']
        made = self.detector(pixels, return_vis=True, pred_score_thr=self.score_thr)
        write_picture(picture, made['visualization'][0])
        (predicted,) = made['predictions']
        objects = self.kept(predicted)
        return Look(
            *(pixels.shape[1], pixels.shape[0], objects, self.is_full(objects)),
            highest=max(predicted['scores'], default=0.0),
        )

    def kept(self, predicted: dict) -> list[dict]:
        """The objects with at least the score wanted, the best first as mmdet sorts them."""
        encoded = predicted.get('masks') or [None] * len(predicted['scores'])
        rows = zip(
            predicted['labels'], predicted['scores'], predicted['bboxes'], encoded, strict=True
        )
        return [
            {'label': label, 'score': score, 'box': box, 'encoded': lengths}
            for label, score, box, lengths in rows
            if score >= self.score_thr
        ]

    def is_full(self, objects: Sequence[dict]) -> bool:
        """Whether there may be more objects than the detector gives."""
        return self.most is not None and len(objects) >= self.most

    def describe_full(self, number: int, first: str) -> str:
        """What to say of so many images that may hold more objects."""
        return (
            f'{number} images have the {self.most} objects that can be found in one, {first} '
            f'first, and may hold more: {HOW_TO_RAISE}'
        )

    def content(self, looks: Iterable[tuple[dict, Look]]) -> dict[str, Any]:
        """The file of results."""
        found = ((image, look.found) for image, look in looks)
        return as_coco(found, self.detector.model.dataset_meta['classes'])

    def describe(self, looks: Sequence[Look]) -> str:
        """What was done, in the words of the last line."""
        number = sum(len(look.found) for look in looks)
        text = f'{number} objects in {len(looks)} {"image" if len(looks) == 1 else "images"}'
        if number or not looks:
            return text
        highest = max(look.highest for look in looks)
        return f'{text} (the highest score is {highest:.2g}; lower --score-thr, {self.score_thr:g})'

    def note(self, sizes: Sequence[tuple[int, int]]) -> str | None:
        """What to know before images of these widths and heights are looked at."""
        shrunk = sum(self._scale(size) <= SHRUNK for size in sizes)
        return self._shrinking(f'{shrunk} of {len(sizes)} images', max(sizes)) if shrunk else None

    def _scale(self, size: tuple[int, int]) -> float:
        return scale_of(size, self.detector.pipeline.transforms)

    def _shrinking(self, what: str, size: tuple[int, int]) -> str:
        """That something is shrunk, and what becomes of this size."""
        (width, height), scale = size, self._scale(size)
        return (
            f'{what} are shrunk: {width}x{height} px become '
            f'{width * scale:.0f}x{height * scale:.0f} px, and objects of 40 px about '
            f'{40 * scale:.0f} px. --tile {self._side()} looks at them in full size.'
        )

    def _side(self) -> int:
        """Of an image that the pipeline neither shrinks nor enlarges, up to 1 px."""
        return round(1000 * self._scale((1000, 1000)))


class Tiles(WholeImages):
    """Looks at images of any size tile by tile, in which the detector sees all that they show.

    Args:
        detector: what looks.
        score_thr: objects of a lower score are left out.
        tile: side of a tile in pixels.
        overlap: of neighbours, as a share of a tile.
    """

    shows_progress = True

    def __init__(self, detector: Detector, score_thr: float, tile: int, overlap: float) -> None:
        super().__init__(detector, score_thr)
        self.tile = tile
        self.overlap = overlap

    def look(self, path: str, picture: Path) -> Look:
        """As :meth:`WholeImages.look`; the picture is of 2,048 px at most, with boxes alone."""
        windows = open_windows(path, self.tile, self.detector.read_image.max_megapixels)
        grid = plan_grid(windows.size, (self.tile, self.tile), self.overlap)
        number = len(grid.lefts) * len(grid.tops)
        overview = Overview(windows.size)
        objects: list[dict] = []
        num_full, highest = 0, 0.0
        title = f'Tiles of {os.path.basename(path)}'
        for tile in progress(grid.tiles(), title, number):
            pixels = windows.read(tile)
            overview.add(tile, pixels)
            (predicted,) = self.detector(pixels, no_save_vis=True)['predictions']
            highest = max([highest, *predicted['scores']])
            found = self.kept(predicted)
            num_full += self.is_full(found)
            objects += [_in_the_image(each, tile) for each in found]
        merged = merge(objects, grid, windows.size)
        write_picture(picture, self._draw(overview, merged))
        return Look(*windows.size, merged, num_full, highest)

    def describe_full(self, number: int, first: str) -> str:
        """What to say of so many tiles that may hold more objects."""
        return (
            f'{number} tiles have the {self.most} objects that can be found in one, of {first} '
            f'first, and may hold more: {HOW_TO_RAISE}, or take smaller tiles'
        )

    def note(self, sizes: Sequence[tuple[int, int]]) -> str | None:
        """As of whole images: tiles may be shrunk as well."""
        tile = (self.tile, self.tile)
        if max(map(max, sizes)) <= self.tile:
            return super().note(sizes)
        return self._shrinking('Tiles', tile) if self._scale(tile) <= SHRUNK else None

    def _draw(self, overview: Overview, objects: Sequence[dict]) -> np.ndarray:
        """(H, W, 3) uint8, red first."""
        boxes = torch.tensor([each['box'] for each in objects], dtype=torch.float32)
        found = InstanceData(
            bboxes=boxes.reshape(-1, 4) * overview.scale,
            scores=torch.tensor([each['score'] for each in objects]),
            labels=torch.tensor([each['label'] for each in objects], dtype=torch.int64),
        )
        sample = [DetDataSample(pred_instances=found)]
        options = dict(return_vis=True, pred_score_thr=self.score_thr)
        return self.detector.visualize([overview.pixels], sample, **options)[0]


def write_picture(path: Path, pixels: np.ndarray) -> None:
    """Writes (H, W, 3) uint8, red first, as the ending says.

    Raises:
        OSError: if it cannot be written.
    """
    target = picture_name(str(path))
    if not mmcv.imwrite(np.ascontiguousarray(pixels[..., ::-1]), target):
        raise OSError(f'{target} cannot be written')


def _in_the_image(each: dict, tile: Tile) -> dict:
    """An object of a tile, its box in pixels of the image; its mask stays that of the tile."""
    box = [value + (tile.x, tile.y)[place % 2] for place, value in enumerate(each['box'])]
    return {**each, 'box': box, 'tile': tile}


def merge(objects: Sequence[dict], grid: Grid, image_size: tuple[int, int]) -> list[dict]:
    """The objects of all tiles, each once, the best first.

    Args:
        objects: with boxes in pixels of the image, ``tile``, and masks in pixels of the tile.
        grid: the tiles.
        image_size: width and height in pixels.

    Returns:
        As :attr:`Look.found`. An object put together from parts has the best of their scores.
    """
    found = Found(
        boxes=np.array([each['box'] for each in objects], dtype=float).reshape(-1, 4),
        scores=np.array([each['score'] for each in objects], dtype=float),
        labels=np.array([each['label'] for each in objects], dtype=int),
        tiles=np.array([each['tile'].corners for each in objects], dtype=float).reshape(-1, 4),
    )
    merged = []
    for group in group_across_seams(found, grid, image_size):
        parts = [objects[row] for row in group]
        best = max(parts, key=lambda part: part['score'])
        masks = [_mask_in_image(part, image_size) for part in parts if part['encoded']]
        box = best['box'] if len(parts) == 1 else list(hull(found, group))
        merged.append(
            dict(label=best['label'], score=best['score'], box=box, encoded=_united(masks))
        )
    return sorted(merged, key=lambda each: -each['score'])


def _mask_in_image(part: dict, image_size: tuple[int, int]) -> dict:
    """Run lengths over the image, made without an array of its size."""
    tile, bitmap = part['tile'], bitmap_of(part['encoded'])
    moved = bitmap._replace(left=bitmap.left + tile.x, top=bitmap.top + tile.y)
    return run_lengths_of(moved, *image_size)


def _united(masks: Sequence[dict]) -> dict | None:
    if len(masks) < 2:
        return masks[0] if masks else None
    union = coding.merge(list(masks))
    return {'size': union['size'], 'counts': union['counts'].decode('ascii')}
