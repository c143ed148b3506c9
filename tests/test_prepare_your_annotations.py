"""The example of docs/prepare_your_annotations.md, as a training reads it."""

import json
import re

from repository import ROOT

from mmgreen.datasets.annotations import read_annotations
from mmgreen.datasets.objects import check_boxes, count_unused


def test_the_example_is_a_file_that_can_be_trained_on(tmp_path):
    text = (ROOT / 'docs/prepare_your_annotations.md').read_text()
    (tmp_path / 'example.json').write_text(re.search(r'```json\n(.*?)```', text, re.S)[1])
    content = read_annotations(str(tmp_path / 'example.json'))
    check_boxes(content, 'example.json')
    assert not count_unused(content, {each['id'] for each in content['categories']})
    (one,) = content['annotations']
    assert one['area'] == one['bbox'][2] * one['bbox'][3]
    assert len(json.dumps(content)) < 1000
