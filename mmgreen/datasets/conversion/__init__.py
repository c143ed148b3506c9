"""From annotations of any common format to COCO files, and from large images to tiles.

Nothing here is imported by a training.
"""
