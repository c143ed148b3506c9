"""A picture of an image that may be too large for one, made from its tiles."""

from __future__ import annotations

import cv2
import numpy as np

from mmgreen.datasets.conversion.tiling import Tile

LONGEST = 2048
"""Pixels of the longer side of a picture: what a screen shows, whatever the image has."""


class Overview:
    """An image at its own size, or shrunk to fit, put together from tiles in any order.

    Args:
        size: width and height of the image in pixels.

    Attributes:
        scale: of the picture to the image, at most 1.
        pixels: (H, W, 3) uint8, in the colours of the tiles; 0 where no tile was added.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.scale = min(1.0, LONGEST / max(size))
        width, height = (max(round(side * self.scale), 1) for side in size)
        self.pixels = np.zeros((height, width, 3), np.uint8)

    def add(self, tile: Tile, pixels: np.ndarray) -> None:
        """Draws what a tile shows, over what is there."""
        left, top, right, bottom = (round(corner * self.scale) for corner in tile.corners)
        if right > left and bottom > top:
            size = (right - left, bottom - top)
            self.pixels[top:bottom, left:right] = cv2.resize(
                pixels, size, interpolation=cv2.INTER_AREA
            )
