"""docs/use_in_python.md, run as written."""

import re

import numpy as np
import pandas
import torch
from PIL import Image
from reference_detector import CLASSES, make_detector
from repository import ROOT

from mmgreen.models import GreenSwin


def test_the_page_runs_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 255, (70, 101, 3), np.uint8)
    Image.fromarray(pixels).save('photograph.jpg')
    encoder = GreenSwin('tiny', out_indices=(0, 1, 2, 3), mask_padding=True)
    pretrained = tmp_path / 'work_dirs/my_images/epoch_300.pth'
    pretrained.parent.mkdir(parents=True)
    torch.save(dict(state_dict=encoder.state_dict()), pretrained)
    trained = tmp_path / 'work_dirs/my_data/epoch_36.pth'
    trained.parent.mkdir()
    make_detector(tmp_path)
    (tmp_path / 'small.py').rename('my_data.py')
    content = torch.load(tmp_path / 'small.pth', weights_only=False)
    content['state_dict']['roi_head.bbox_head.fc_cls.weight'] *= 10  # more certain than 0.3
    torch.save(content, trained)

    names = {}
    for block in re.findall(
        r'```python\n(.*?)```', (ROOT / 'docs/use_in_python.md').read_text(), re.S
    ):
        exec(block, names)

    heights = [each.shape[2:] for each in names['maps']]
    assert heights == [(18, 26), (9, 13), (5, 7), (3, 4)]
    with torch.no_grad():
        expected = encoder.eval()(names['image'])
    assert torch.equal(names['feature'], expected[-1].mean((2, 3)))
    table = pandas.read_csv('found.csv')
    assert len(table) == sum(score > 0.3 for score in names['found']['scores']) > 0
    assert set(table['class']) <= set(CLASSES)
    assert (table['right'] <= 101).all() and (table['bottom'] <= 70).all()
