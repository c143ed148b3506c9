import json

import cv2
import pytest

from mmgreen.engine.curves import draw_curves
from mmgreen.errors import MissingFileError


def make_work_dir(folder, scale, **scores):
    log = folder / '20260101_000000/vis_data'
    log.mkdir(parents=True)
    steps = range(1, 9)
    lines = [dict(loss=scale / step, lr=0.1, iter=step, step=step) for step in steps]
    lines.append(dict(**scores, step=1))
    (log / 'scalars.json').write_text('\n'.join(json.dumps(line) for line in lines))
    return folder


def test_a_panel_for_each_kind_of_value_that_was_logged(tmp_path):
    plain = make_work_dir(tmp_path / 'plain', 1.0)
    scored = make_work_dir(tmp_path / 'scored', 2.0, vs_patch_mean=0.8, **{'coco/bbox_mAP': 0.5})
    heights = []
    for name, folders in {'one': [plain], 'two': [plain, scored]}.items():
        picture = draw_curves(folders, tmp_path / f'out/{name}.png')
        heights.append(cv2.imread(str(picture)).shape[0])
    assert heights[1] == 2 * heights[0]  # loss and rate; then the share of a tint and scores too


def test_every_training_has_a_curve(tmp_path):
    folders = [make_work_dir(tmp_path / name, scale) for name, scale in (('a', 1.0), ('b', 2.0))]
    alone = draw_curves(folders[:1], tmp_path / 'alone.png').read_bytes()
    assert draw_curves(folders, tmp_path / 'both.png').read_bytes() != alone
    assert draw_curves(folders[:1], tmp_path / 'again.png').read_bytes() == alone


def test_a_folder_without_a_log_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=str(tmp_path)):
        draw_curves([tmp_path], tmp_path / 'curves.png')
