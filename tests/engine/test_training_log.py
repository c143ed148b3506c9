import json

import pytest

from mmgreen.engine.training_log import last_value, read_training_log
from mmgreen.errors import MissingFileError


def write_log(folder, *entries):
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text('\n'.join(json.dumps(entry) for entry in entries))


def test_the_runs_of_a_resumed_training_are_one_log(tmp_path):
    write_log(
        tmp_path / '20260101_000000/vis_data',
        dict(loss=3.0, lr=0.1, epoch=1, iter=1, step=1),
        dict(loss=2.5, lr=0.1, epoch=1, iter=2, step=2),
        {'vs_patch_mean': 1.5, 'step': 1},
    )
    write_log(
        tmp_path / '20260102_000000/vis_data',
        dict(loss=2.0, lr=0.1, epoch=1, iter=2, step=2),
        dict(loss=1.0, lr=0.1, epoch=2, iter=4, step=4),
        {'vs_patch_mean': 0.5, 'step': 2},
    )
    log = read_training_log(tmp_path)
    assert log.training['loss'] == {1: 3.0, 2: 2.0, 4: 1.0}
    assert set(log.training) == {'loss', 'lr'}
    assert log.validation == {'vs_patch_mean': {2: 1.5, 4: 0.5}}  # step of the training, not epoch
    assert last_value(tmp_path, 'patch_mean') == 0.5


def test_a_folder_without_a_log_is_named(tmp_path):
    for read in (read_training_log, lambda folder: last_value(folder, 'mAP')):
        with pytest.raises(MissingFileError, match=str(tmp_path)):
            read(tmp_path)


def test_a_test_is_a_log_and_other_json_files_are_none(tmp_path):
    (tmp_path / '20260101_000000').mkdir()
    (tmp_path / '20260101_000000/20260101_000000.json').write_text('{"coco/bbox_mAP": 0.25}')
    (tmp_path / 'detection').mkdir()
    (tmp_path / 'detection/label_curve.json').write_text('{\n "bbox_mAP": 0.5\n}')
    assert last_value(tmp_path, 'bbox_mAP') == 0.25


def test_a_test_in_the_same_folder_is_no_validation(tmp_path):
    write_log(
        tmp_path / '20260101_000000/vis_data',
        dict(loss=3.0, iter=4, step=4),
        {'coco/bbox_mAP': 0.5, 'step': 1},
    )
    (tmp_path / '20260102_000000').mkdir()
    (tmp_path / '20260102_000000/20260102_000000.json').write_text('{"coco/bbox_mAP": 0.1}')
    assert read_training_log(tmp_path).validation == {'coco/bbox_mAP': {4: 0.5}}
