from pathlib import Path

import mmdet
import pytest
from mmengine.config import Config
from reference_coco import labels, sentence_of

from mmgreen import config_file
from mmgreen.datasets.classes import (
    check_categories,
    check_num_classes,
    classes_in,
    compare_classes,
)
from mmgreen.datasets.coco import CocoDataset
from mmgreen.datasets.errors import DataError

HOST = Path(mmdet.__file__).parent / '.mim/configs'


# One of each way to name classes and heads: COCO, LVIS, VOC, Cityscapes, Objects365, OpenImages,
# CrowdHuman, WIDER FACE, panoptic, half labelled, words.
TRAINED_BY_MMDET = [
    'atss/atss_r50_fpn_1x_coco.py',
    'carafe/mask-rcnn_r50_fpn-carafe_1x_coco.py',
    'cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco.py',
    'cityscapes/mask-rcnn_r50_fpn_1x_cityscapes.py',
    'crowddet/crowddet-rcnn_r50_fpn_8xb2-30e_crowdhuman.py',
    'deformable_detr/deformable-detr_r50_16xb2-50e_coco.py',
    'detectors/detectors_htc-r50_1x_coco.py',
    'dino/dino-4scale_r50_8xb2-12e_coco.py',
    'faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py',
    'fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py',
    'glip/glip_atss_swin-t_a_fpn_dyhead_16xb2_ms-2x_funtune_coco.py',
    'guided_anchoring/ga-faster-rcnn_r50_fpn_1x_coco.py',
    'htc/htc_r50_fpn_1x_coco.py',
    'lvis/mask-rcnn_r50_fpn_sample1e-3_ms-1x_lvis-v1.py',
    'mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py',
    'mask2former/mask2former_r50_8xb2-lsj-50e_coco.py',
    'mm_grounding_dino/rtts/grounding_dino_swin-t_finetune_8xb4_1x_rtts.py',
    'ms_rcnn/ms-rcnn_r50_fpn_1x_coco.py',
    'objects365/retinanet_r50_fpn_1x_objects365v1.py',
    'openimages/faster-rcnn_r50_fpn_32xb2-1x_openimages.py',
    'panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py',
    'pascal_voc/faster-rcnn_r50_fpn_1x_voc0712.py',
    'point_rend/point-rend_r50-caffe_fpn_ms-1x_coco.py',
    'queryinst/queryinst_r50_fpn_1x_coco.py',
    'retinanet/retinanet_r50_fpn_1x_coco.py',
    'rtmdet/rtmdet-ins_s_8xb32-300e_coco.py',
    'rtmdet/rtmdet_tiny_8xb32-300e_coco.py',
    'seesaw_loss/cascade-mask-rcnn_r101_fpn_seesaw-loss_random-ms-2x_lvis-v1.py',
    'soft_teacher/soft-teacher_faster-rcnn_r50-caffe_fpn_180k_semi-0.1-coco.py',
    'solo/solo_r50_fpn_1x_coco.py',
    'sparse_rcnn/sparse-rcnn_r50_fpn_1x_coco.py',
    'wider_face/retinanet_r50_fpn_1x_widerface.py',
    'yolact/yolact_r50_1xb8-55e_coco.py',
    'yolox/yolox_tiny_8xb8-300e_coco.py',
]


def detector(model, classes=('cat', 'dog'), wrap=lambda dataset: dataset):
    dataset = dict(type='CocoDataset', metainfo=dict(classes=classes))
    return dict(model=model, train_dataloader=dict(dataset=wrap(dataset)))


def head(num_classes, **others):
    return dict(num_classes=num_classes, **others)


def refused(config, path, number, classes=2):
    with pytest.raises(ValueError, match='training data') as error:
        check_num_classes(config)
    text = str(error.value)
    assert text.startswith(f'{path} is {number}, but the training data have {classes} classes')
    assert text.endswith(f'set {path}={classes}.') and '\n' not in text


class TestHeads:
    def test_mask_rcnn(self):
        def mask_rcnn(boxes, masks):
            parts = dict(bbox_head=head(boxes), mask_head=head(masks))
            return detector(dict(rpn_head=head(1), roi_head=parts))

        check_num_classes(mask_rcnn(2, 2))
        refused(mask_rcnn(80, 2), 'model.roi_head.bbox_head.num_classes', 80)
        refused(mask_rcnn(2, 80), 'model.roi_head.mask_head.num_classes', 80)

    def test_without_masks(self):
        check_num_classes(detector(dict(roi_head=dict(bbox_head=head(2), mask_head=None))))

    def test_cascade(self):
        cascade = dict(roi_head=dict(bbox_head=[head(2), head(2), head(3)]))
        refused(detector(cascade), 'model.roi_head.bbox_head.2.num_classes', 3)

    def test_one_stage(self):
        refused(detector(dict(bbox_head=head(80))), 'model.bbox_head.num_classes', 80)

    def test_wrapped_detectors(self):
        teacher = dict(detector=dict(bbox_head=head(80)))
        refused(detector(teacher), 'model.detector.bbox_head.num_classes', 80)

    def test_a_classifier(self):
        refused(detector(dict(head=head(1000))), 'model.head.num_classes', 1000)

    def test_outputs_that_are_not_one_for_each_class(self):
        check_num_classes(detector(dict(language_model={}, bbox_head=head(256))))


class TestData:
    @pytest.mark.parametrize(
        'wrap',
        [
            lambda dataset: dict(type='RepeatDataset', times=3, dataset=dataset),
            lambda dataset: dict(type='ConcatDataset', datasets=[dataset, dataset]),
            lambda dataset: dict(
                type='RepeatDataset', dataset=dict(type='MultiImageMixDataset', dataset=dataset)
            ),
        ],
    )
    def test_wrapped(self, wrap):
        check_num_classes(detector(dict(bbox_head=head(2)), wrap=wrap))
        refused(detector(dict(bbox_head=head(3)), wrap=wrap), 'model.bbox_head.num_classes', 3)

    @pytest.mark.parametrize('name', ['mmgreen.CocoDataset', 'mmdet.CocoDataset'])
    def test_without_names_they_are_those_of_coco(self, name):
        def config(number):
            dataset = dict(type=name)
            return dict(model=dict(bbox_head=head(number)), train_dataloader=dict(dataset=dataset))

        check_num_classes(config(80))
        refused(config(2), 'model.bbox_head.num_classes', 2, classes=80)

    @pytest.mark.parametrize('classes', ['cat', 'classes.txt', None, ()])
    def test_what_is_no_list_is_left_to_the_dataset(self, classes):
        check_num_classes(detector(dict(bbox_head=head(80)), classes=classes))

    def test_configs_without_classes(self):
        check_num_classes(dict(model=dict(head=head(1000))))
        check_num_classes(dict(model=dict(head=head(1000)), train_dataloader=None))
        images = dict(dataset=dict(type='mmgreen.UnlabelledImages'))
        check_num_classes(dict(model=dict(head=head(1000)), train_dataloader=images))


class TestConfigs:
    @pytest.mark.parametrize('name', TRAINED_BY_MMDET)
    def test_what_mmdet_trains_is_not_refused(self, name):
        check_num_classes(Config.fromfile(HOST / name).to_dict())

    @pytest.mark.parametrize(
        ('name', 'parts'),
        [
            ('greenmim/swin_t_mask_rcnn_own_data.py', ('bbox_head', 'mask_head')),
            ('demo/swin_mask_rcnn.py', ('bbox_head', 'mask_head')),
            ('greenmim/swin_t_mask_rcnn_coco.py', ('bbox_head', 'mask_head')),
        ],
    )
    def test_ours_are_checked(self, name, parts):
        check_num_classes(Config.fromfile(config_file(name)).to_dict())
        for part in parts:
            config = Config.fromfile(config_file(name))
            config.model.roi_head[part].num_classes = 7
            with pytest.raises(ValueError, match=f'roi_head.{part}.num_classes is 7'):
                check_num_classes(config.to_dict())


class TestCategories:
    def test_another_order(self, write):
        text = sentence_of(write(metainfo=dict(classes=('dog', 'cat'))))
        assert "The file has ('cat', 'dog'), classes are ('dog', 'cat')." in text
        assert "set classes = ('cat', 'dog')" in text

    def test_files_that_list_categories_differently(self, write, content):
        CocoDataset(**write())
        content['categories'].reverse()
        text = sentence_of(write(name='val.json', test_mode=True))
        assert 'another order' in text and 'val.json' in text and 'sort the categories' in text

    def test_a_class_that_the_file_lacks(self, write):
        text = sentence_of(write(metainfo=dict(classes=('cat', 'hound'))))
        assert "has no category 'hound'" in text
        assert "The file has ('cat', 'dog'), classes are ('cat', 'hound')." in text

    def test_a_file_with_more(self, write):
        text = sentence_of(write(metainfo=dict(classes=('dog',))))
        assert "has the categories 'cat'" in text and 'only_some_classes=True' in text

    def test_only_some_classes(self, write, log):
        settings = write(metainfo=dict(classes=('dog',)), only_some_classes=True)
        assert labels(CocoDataset(**settings)) == [[0], [0]]
        assert '2 annotations not used' in log[-1]
        three = write(metainfo=dict(classes=('dog', 'cat')), only_some_classes=True)
        assert 'another order' in sentence_of(three)

    @pytest.mark.parametrize('classes', ['cat', ()])
    @pytest.mark.filterwarnings('ignore:cat is not a meta file')
    def test_a_text_and_nothing(self, write, classes):
        text = sentence_of(write(metainfo=dict(classes=classes), only_some_classes=True))
        assert f'classes are {classes!r}, not a list of names' in text

    def test_a_name_that_occurs_twice(self, write, content):
        content['categories'][1]['name'] = 'cat'
        assert "two categories of the name 'cat'" in sentence_of(write())

    def test_lists_and_tuples_are_alike(self):
        check_categories(['a', 'b'], ('a', 'b'), 'file')
        with pytest.raises(DataError, match='another order'):
            check_categories(['a', 'b'], ('a', 'b', 'a'), 'file')


class TestCheckpoints:
    @pytest.mark.parametrize(
        ('content', 'expected'),
        [
            (dict(meta=dict(dataset_meta=dict(classes=['a', 'b']))), ('a', 'b')),
            (dict(meta=dict(dataset_meta=dict(CLASSES=('a',)))), ('a',)),
            (dict(meta=dict(CLASSES=('a', 'b'))), ('a', 'b')),
            (dict(meta=dict(dataset_meta=None)), ()),
            (dict(meta='text'), ()),
            (dict(meta=dict(dataset_meta=dict(classes=None))), ()),
            ({}, ()),
        ],
    )
    def test_names_in_a_file(self, content, expected):
        assert classes_in(content) == expected

    @pytest.mark.parametrize(
        ('trained', 'given'), [(('a', 'b'), ['a', 'b']), ((), ('a',)), (('a',), None), (('a',), ())]
    )
    def test_nothing_to_say(self, trained, given):
        assert compare_classes(trained, given, 'a.pth', 'the data have') is None

    @pytest.mark.parametrize('given', [('b', 'a', 'c'), ('b', 'x', 'c'), ('c', 'b', 'a')])
    def test_a_name_at_another_place_is_refused(self, given):
        with pytest.raises(DataError) as error:
            compare_classes(('a', 'b', 'c'), given, 'a.pth', 'the data have')
        text = str(error.value)
        assert f"a.pth was trained on the classes ('a', 'b', 'c'); the data have {given}" in text
        assert "Set classes = ('a', 'b', 'c'), and sort the categories" in text
        assert f"{given[0]!r} would be taken for 'a'" in text and '\n' not in text

    def test_other_names_are_a_warning(self):
        text = compare_classes(('a', 'b'), ('a', 'x'), 'a.pth', 'the data have')
        assert 'Other names' in text and "'b' is taken for 'x'" in text
        assert 'Other names' in compare_classes(('a', 'b'), ('a',), 'a.pth', 'the data have')

    def test_many_names_are_counted(self):
        names = [str(i) for i in range(1000)]
        with pytest.raises(DataError) as error:
            compare_classes(names, names[::-1], 'a.pth', 'the data have')
        text = str(error.value)
        assert '1000 names' in text and len(text) < 400
