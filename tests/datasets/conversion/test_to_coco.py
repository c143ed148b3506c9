import json

import pytest
from reference_coco import BOXES

from mmgreen.datasets.coco import CocoDataset
from mmgreen.datasets.conversion.to_coco import convert_to_coco
from mmgreen.errors import InputError


@pytest.fixture
def data(picture, voc, folder):
    for number in range(10):
        picture(f'images/{number}.png')
        voc(f'xml/{number}.xml', [('cat', 1, 2, 21, 22), ('dog', 5, 5, 5, 5)], f'{number}.png')
    return folder


def test_a_training_reads_what_was_written_where_the_lines_say(data, tmp_path):
    lines = convert_to_coco(str(data), str(tmp_path / 'out'), 'voc', 0.3)
    start = next(place for place, line in enumerate(lines) if 'data_root' in line)
    names: dict = {}
    exec('\n'.join(line.strip() for line in lines[start:]), names)
    sizes = []
    for split in ('train', 'val'):
        dataset = CocoDataset(
            data_root=names['data_root'],
            **names[split],
            metainfo=dict(classes=names['classes']),
            pipeline=BOXES,
            only_some_classes=False,
        )
        sizes.append(len(dataset))
        assert dataset[0]['img'].shape == (30, 40, 3)
        assert dataset[0]['gt_bboxes'].tensor.tolist() == [[1, 2, 21, 22]]
    assert sizes == [7, 3]


def test_without_validation(data, tmp_path):
    convert_to_coco(str(data), str(tmp_path), 'voc', 0)
    assert len(json.loads((tmp_path / 'train.json').read_text())['images']) == 10
    assert not (tmp_path / 'val.json').exists()


def test_nothing_is_written_where_something_is_wrong(data, voc, tmp_path):
    voc('xml/3.xml', filename='gone.png', size=(1, 1))
    with pytest.raises(InputError, match='1 files'):
        convert_to_coco(str(data), str(tmp_path / 'out'), 'voc')
    assert not (tmp_path / 'out').exists()
