"""The demo at its smallest: from images to a pretraining, detectors, their scores and pictures."""

import json
import os
import re
import subprocess

import numpy as np
import pytest
from mmdet.apis import DetInferencer
from mmengine.fileio import load
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from repository import ROOT

from mmgreen import config_file
from mmgreen.analysis.label_curve import read_runs

PRETRAINING = f"""
_base_ = [{config_file('demo/swin_pretrain.py')!r}]
model = dict(
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2])
    ),
    neck=dict(in_channels=128, embed_dim=32, num_heads=2),
)
train_dataloader = dict(batch_size=8)
train_cfg = dict(max_epochs=1)
param_scheduler = []
default_hooks = dict(checkpoint=dict(interval=1))
"""

# It learns the validation images by heart, so that there is something to score.
DETECTION = f"""
_base_ = [{config_file('demo/swin_mask_rcnn.py')!r}]
model = dict(
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2])
    ),
    neck=dict(in_channels=[16, 32, 64, 128]),
)
train_dataloader = dict(
    batch_size=2,
    dataset=dict(ann_file='annotations/val.json', data_prefix=dict(img='val/')),
)
train_cfg = dict(max_epochs=12, val_interval=12)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [dict(type='LinearLR', start_factor=0.1, end=10, by_epoch=False)]
default_hooks = dict(checkpoint=dict(interval=12))
"""

PROGRAM = f"""
from pathlib import Path
from mmgreen.demo import run as demo

demo.config_file = lambda name: f'configs/{{name}}'
demo.NUM_TRAIN, demo.NUM_VAL, demo.NUM_TRAIN_NEW = 16, 8, 6
demo.SCENES = ()  # what has colours is learned by heart in fewer steps
demo.BOXES, demo.SEEDS, demo.STEPS, demo.GRID = 'all', 2, 48, ['2e-3:1']
demo.run_demo(Path({str(ROOT / 'tools')!r}), Path('data'), Path('work'))
"""


def run(folder, python, *command):
    """Runs a command in ``folder``, where ``python`` is found; returns what it printed."""
    path = f'{python.parent}{os.pathsep}{os.environ["PATH"]}'
    environment = {**os.environ, 'PATH': path, 'CUDA_VISIBLE_DEVICES': '', 'OMP_NUM_THREADS': '1'}
    result = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
    )
    assert result.returncode == 0, result.stdout[-5000:]
    return result.stdout


@pytest.fixture(scope='module')
def made(tmp_path_factory, python):
    """The folder of a demo that has run, and what it printed."""
    folder = tmp_path_factory.mktemp('demo')
    (folder / 'configs/demo').mkdir(parents=True)
    (folder / 'configs/demo/swin_pretrain.py').write_text(PRETRAINING)
    (folder / 'configs/demo/swin_mask_rcnn.py').write_text(DETECTION)
    return folder, run(folder, python, python, '-c', PROGRAM)


def output_of(folder, start):
    """What the first training from a start printed."""
    return (folder_of(folder, start) / 'output.txt').read_text()


def folder_of(folder, start):
    runs = read_runs(folder / 'work/detection/label_curve.json')
    return folder / 'work/detection' / next(run.folder for run in runs if run.start == start)


def test_one_detector_started_from_the_pretraining_and_one_did_not(made):
    folder, _ = made
    loaded = r'Loaded 100\.0 % of the parameters of the backbone from \S*work/epoch_1\.pth'
    said = output_of(folder, 'pretrained')
    assert re.search(loaded, said)
    assert 'matched: 67\n' in said and 'expected missing: 6: norm0.weight, norm0.bias,' in said
    assert not re.search('Loaded .* from', output_of(folder, 'random'))


def test_the_log_says_what_there_is_to_learn(made):
    folder, _ = made
    objects = len(json.loads((folder / 'data/annotations/val.json').read_text())['annotations'])
    said = output_of(folder, 'pretrained')
    assert f'8 images with {objects} objects to train on; 0 images left out' in said
    assert '2 images x 1 process = 2; 4 batches an epoch, 12 epochs' in said


def test_the_end_compares_both_starts(made):
    _, said = made
    end = said[said.index('The demo is done') :]
    for start in ('random', 'pretrained'):
        (row,) = re.findall(rf'{start} +([\d.]+)   \(([\d.]+), ([\d.]+)\)', end)
        mean, *each = map(float, row)
        assert min(each) > 5 and mean == pytest.approx(sum(each) / 2, abs=0.1)
    assert re.search('With all boxes pretrained .* random', end)


def test_the_end_says_scores_and_places(made):
    folder, said = made
    end = said[said.index('The demo is done') :]
    for kind in ('box', 'mask'):
        (row,) = [line.split() for line in end.splitlines() if line.split()[:1] == [kind]]
        assert float(row[2]) > 50  # AP50: it learns by heart
    for picture in ('reconstruction_train_new.png', 'reconstruction_val.png'):
        assert f'work/{picture}' in end and Image.open(folder / 'work' / picture).size[0] > 300
    pictures = sorted(each.name for each in (folder / 'work/predictions/pictures').iterdir())
    assert pictures == sorted(each.name for each in (folder / 'data/val').iterdir())


@pytest.fixture(scope='module')
def tested(made, python):
    """Of dist_test.sh the predictions and what it printed, without the pretraining's file."""
    folder, _ = made
    (folder / 'detector.py').write_text(
        "_base_ = 'configs/demo/swin_mask_rcnn.py'\n"
        "model = dict(backbone=dict(init_cfg=dict(checkpoint='no/such/file.pth')))\n"
    )
    options = ['test_dataloader.dataset.data_root=data']
    options += ['test_evaluator.ann_file=data/annotations/val.json']
    said = run(
        *(
            folder,
            python,
            'bash',
            ROOT / 'tools/dist_test.sh',
            'detector.py',
            last_checkpoint(folder),
            2,
        ),
        *('--out', 'found.pkl', '--cfg-options', *options),
    )
    return folder, said


def last_checkpoint(folder):
    return (folder_of(folder, 'pretrained') / 'last_checkpoint').read_text()


def test_predictions_that_are_kept_score_the_same(tested):
    folder, said = tested
    found = load(folder / 'found.pkl')
    truth = COCO(str(folder / 'data/annotations/val.json'))
    assert sorted(each['img_id'] for each in found) == truth.getImgIds()
    for kind in ('bbox', 'segm'):
        rows = [row for each in found for row in as_results(each)]
        if kind == 'segm':  # pycocotools takes the area of the mask for that of the object
            rows = [{key: value for key, value in row.items() if key != 'bbox'} for row in rows]
        scores = COCOeval(truth, truth.loadRes(rows), kind)
        scores.evaluate()
        scores.accumulate()
        scores.summarize()
        for column, place in (('mAP', 0), ('mAP_50', 1), ('mAP_75', 2)):
            assert scores.stats[place] > 0.1
            assert f'coco/{kind}_{column}: {scores.stats[place]:.3f}0' in said


def as_results(each):
    """The objects of an image as pycocotools reads them."""
    objects = each['pred_instances']
    for label, score, box, mask in zip(
        objects['labels'], objects['scores'], objects['bboxes'].tolist(), objects['masks']
    ):
        x1, y1, x2, y2 = box
        yield {
            'image_id': each['img_id'],
            'category_id': int(label) + 1,
            'score': float(score),
            'bbox': [x1, y1, x2 - x1, y2 - y1],
            'segmentation': mask,
        }


def test_mmdets_inferencer_finds_the_same_without_that_file(tested):
    folder, _ = tested
    detector = DetInferencer(
        str(folder / 'detector.py'), last_checkpoint(folder), 'cpu', show_progress=False
    )
    truth = COCO(str(folder / 'data/annotations/val.json'))
    for each in load(folder / 'found.pkl')[:3]:
        name = truth.loadImgs(each['img_id'])[0]['file_name']
        (got,) = detector(str(folder / 'data/val' / name), no_save_vis=True)['predictions']
        expected = each['pred_instances']
        assert got['labels'] == expected['labels'].tolist()
        assert got['scores'] == pytest.approx(expected['scores'].tolist(), abs=1e-4)
        assert np.array(got['bboxes']) == pytest.approx(expected['bboxes'].numpy(), abs=0.1)
