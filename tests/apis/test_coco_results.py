import numpy as np
from pycocotools import mask as coding

from mmgreen.apis.coco_results import as_coco


def test_boxes_areas_and_ids():
    encoded = coding.encode(np.asfortranarray(np.eye(6, 8, dtype=np.uint8)))
    image = dict(id=1, file_name='a.png', height=6, width=8)
    masked = dict(label=1, score=0.9, box=[1, 2, 5, 4], encoded=encoded)
    bare = dict(label=0, score=0.5, box=[0, 0, 2, 3], encoded=None)
    content = as_coco([(image, [masked, bare])], ('cat', 'dog'))
    first, second = content['annotations']
    assert first['bbox'] == [1, 2, 4, 2] and first['area'] == 6 and first['category_id'] == 2
    assert second['area'] == 6 and 'segmentation' not in second and second['id'] == 2
    assert content['categories'] == [dict(id=1, name='cat'), dict(id=2, name='dog')]
