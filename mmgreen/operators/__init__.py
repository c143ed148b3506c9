"""What takes the place of mmcv's compiled operators where mmcv has none."""
