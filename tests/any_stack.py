"""What has to run on every stack that the README names. `make test-classic` runs it on the oldest.

It needs nothing but the stack and pytest, and is no part of `make test`, whose tests say more.
"""

import json
import math
import subprocess
import sys

import pytest
import torch
from repository import ROOT

from mmgreen.analysis.reference_outputs import FAMILIES, reference_outputs
from mmgreen.checkpoints import read_checkpoint

TOOLS = ROOT / 'tools'


def run(folder, *command):
    """Runs Python in ``folder``; returns what it printed."""
    result = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-5000:]
    return result.stdout


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """The folder in which every family was trained for three steps, and what each gave."""
    folder = tmp_path_factory.mktemp('stack') / 'made'
    return folder, reference_outputs(TOOLS, folder)


@pytest.mark.parametrize('family', FAMILIES)
def test_every_family_trains(made, family):
    losses = [step['loss'] for step in made[1][family]['losses']]
    assert len(losses) == 3 and all(math.isfinite(loss) and loss > 0 for loss in losses)
    assert len(set(losses)) == 3


def test_a_detector_is_scored_and_predicts(made):
    folder, _ = made
    checkpoint = folder / 'detector/epoch_1.pth'
    options = [f'test_dataloader.dataset.data_root={folder}/data']
    options.append(f'test_evaluator.ann_file={folder}/data/annotations/val.json')
    config = folder / 'finds.py'  # after three steps no score is high
    config.write_text(
        "_base_ = 'detector.py'\nmodel = dict(test_cfg=dict(rcnn=dict(score_thr=0.0)))\n"
    )
    said = run(folder, TOOLS / 'test.py', config, checkpoint, '--cfg-options', *options)
    assert 'coco/bbox_mAP' in said and 'coco/segm_mAP' in said
    run(
        *(folder, TOOLS / 'predict.py', config, checkpoint, folder / 'data/val'),
        *('--out-dir', 'found', '--score-thr', 0),
    )
    content = json.loads((folder / 'found/predictions.json').read_text())
    assert len(content['images']) == 2 and content['annotations']


def test_a_checkpoint_goes_to_another_code_and_back(made):
    folder, _ = made
    first, there, back = (folder / name for name in ('swin/epoch_1.pth', 'there.pth', 'back.pth'))
    convert = TOOLS / 'model_converters/convert_checkpoint.py'
    run(folder, convert, first, there, '--to', 'swin', '--img-size', 448)
    run(folder, convert, there, back, '--to', 'mmgreen')
    weights = read_checkpoint(first)['state_dict']
    again = read_checkpoint(back)['state_dict']
    assert len(again) > 50
    for name, tensor in again.items():
        assert torch.equal(tensor, weights[name]), name


def test_a_config_inherits_ours_by_its_name(made):
    folder, _ = made
    changed = (folder / 'detector.py').read_text().splitlines()[1:]
    theirs = ["_base_ = 'mmgreen::demo/swin_mask_rcnn.py'", *changed]
    (folder / 'theirs.py').write_text('\n'.join(theirs))
    run(folder, TOOLS / 'train.py', 'theirs.py', '--work-dir', 'theirs', '--no-validate')
    ours, again = (
        read_checkpoint(folder / f'{name}/epoch_1.pth')['state_dict']
        for name in ('detector', 'theirs')
    )
    assert all(torch.equal(ours[name], again[name]) for name in ours)


@pytest.mark.parametrize('family', ['swin', 'detector'])
def test_bfloat16_begins_as_float32_does(made, family):
    folder, outputs = made
    run(
        *(folder, TOOLS / 'train.py', f'{family}.py', '--amp', '--no-validate'),
        *('--work-dir', f'{family}_bf16'),
    )
    (log,) = (folder / f'{family}_bf16').glob('*/vis_data/scalars.json')
    losses = [json.loads(line)['loss'] for line in log.read_text().splitlines()]
    assert len(losses) == 3 and all(math.isfinite(loss) for loss in losses)
    assert losses[0] == pytest.approx(outputs[family]['losses'][0]['loss'], rel=0.1)
