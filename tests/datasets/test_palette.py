from mmdet.datasets import CocoDataset as HostCocoDataset
from mmdet.visualization.palette import get_palette

from mmgreen.datasets.coco import CocoDataset
from mmgreen.datasets.palette import give_colours, with_colours

COCO = HostCocoDataset.METAINFO['palette']


def test_more_classes_than_colours():
    classes = tuple(f'part{i}' for i in range(1203))
    colours = with_colours(dict(classes=classes, palette=COCO))['palette']
    assert colours[:80] == COCO and len(colours) == 1203
    assert all(0 <= value <= 255 and isinstance(value, int) for c in colours for value in c)
    assert len(set(colours[80:160])) == 80
    assert get_palette(colours, 1203) == colours


def test_what_is_enough_stays():
    assert with_colours(dict(classes=('a',), palette=COCO))['palette'] == COCO
    assert with_colours(dict(classes=('a',), palette='random'))['palette'] == 'random'
    assert with_colours(dict(classes=('a', 'b'), palette=(1, 2, 3)))['palette'] == (1, 2, 3)
    assert with_colours(dict(classes=('a', 'b'))) == dict(classes=('a', 'b'))
    assert with_colours({}) == {}


def test_a_tuple_of_colours_is_a_list_of_them():
    colours = with_colours(dict(classes=('a', 'b'), palette=((1, 2, 3),)))['palette']
    assert colours[0] == (1, 2, 3) and len(colours) == 2


def test_our_data_set_has_a_colour_for_every_class():
    metainfo = CocoDataset._load_metainfo(dict(classes=tuple(map(str, range(121)))))
    assert len(metainfo['palette']) == 121


def test_data_sets_of_mmdet_are_given_colours_where_theirs_are_too_few():
    many, few = tuple(map(str, range(81))), tuple(map(str, range(80)))
    inner = dict(type='CocoDataset', metainfo=dict(classes=many))
    other = dict(type='CocoDataset', metainfo=dict(classes=few))
    own = dict(type='CocoDataset', metainfo=dict(classes=many, palette='random'))
    wrapped = dict(type='RepeatDataset', dataset=inner)
    give_colours(dict(type='ConcatDataset', datasets=[wrapped, other, own, dict(type='X')]))
    assert len(HostCocoDataset._load_metainfo(inner['metainfo'])['palette']) == 81
    assert 'palette' not in other['metainfo'] and own['metainfo']['palette'] == 'random'
