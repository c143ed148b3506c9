import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config
from PIL import Image

from mmgreen.analysis.label_subsets import labelled_set, nested_subset, split_for_choosing
from mmgreen.errors import InputError

LABELS = st.lists(st.integers(0, 9), min_size=4, max_size=30)


@given(LABELS, st.integers(0, 5), st.data())
def test_a_smaller_subset_lies_in_a_larger_one(labels, seed, data):
    total = sum(labels)
    small, large = sorted(data.draw(st.tuples(st.integers(0, total), st.integers(0, total))))
    few, many = (nested_subset(labels, wanted, seed) for wanted in (small, large))
    assert set(few.places) <= set(many.places)
    for subset, wanted in ((few, small), (many, large)):
        assert subset.num_labels == sum(labels[place] for place in subset.places) >= wanted
        assert subset.num_labels <= wanted + 9


@given(LABELS, st.integers(0, 5))
def test_a_split_leaves_nothing_out_and_shares_nothing(labels, seed):
    training, choosing = split_for_choosing(labels, None, seed)
    assert sorted([*training.places, *choosing.places]) == list(range(len(labels)))
    assert training.num_labels + choosing.num_labels == sum(labels)
    fewer, same = split_for_choosing(labels, 1, seed) if sum(labels) else (training, choosing)
    assert same == choosing and set(fewer.places) <= set(training.places)


def test_more_than_there_are_is_refused():
    assert nested_subset([1, 2], None, 0).num_labels == 3
    with pytest.raises(InputError, match='3 labels, fewer than the 4'):
        nested_subset([1, 2], 4, 0)


def classifier(folder):
    for name in ('cat', 'dog'):
        (folder / name).mkdir()
        for i in range(3):
            Image.new('RGB', (8, 8)).save(folder / f'{name}/{i} {name}.png')
    dataset = dict(type='mmgreen.LabelledImages', data_root=str(folder), pipeline=[])
    loader = dict(dataset=dataset)
    return Config(dict(default_scope='mmpretrain', train_dataloader=loader, val_dataloader=loader))


def test_a_part_of_the_images_of_a_classifier(tmp_path):
    cfg = classifier(tmp_path)
    images = labelled_set(cfg)
    assert images.unit == 'images' and images.labels == [1] * 6
    images.write([1, 4], tmp_path / 'part.txt')
    cfg.merge_from_dict(images.training_options(tmp_path / 'part.txt'))
    part = labelled_set(cfg)
    assert len(part.labels) == 2
    infos = [part._dataset.get_data_info(i) for i in range(2)]
    assert [info['gt_label'] for info in infos] == [0, 1]
    assert all(
        info['img_path'].endswith(f'{1} {name}.png') for info, name in zip(infos, ('cat', 'dog'))
    )


def test_a_part_of_the_videos_of_a_classifier(tmp_path):
    root = tmp_path / 'mine, of May'
    for name in ('left', 'right'):
        for i in range(3):
            folder = root / f'{name}/clip {i}'
            folder.mkdir(parents=True)
            Image.new('RGB', (8, 8)).save(folder / '0.png')
    dataset = dict(type='mmgreen.LabelledClips', data_root=str(root), frames_in_folders=True)
    loader = dict(dataset=dataset)
    cfg = Config(dict(default_scope='mmpretrain', train_dataloader=loader, val_dataloader=loader))
    videos = labelled_set(cfg)
    assert videos.unit == 'videos' and videos.labels == [1] * 6
    videos.write([1, 4], tmp_path / 'part.txt')
    for options in (videos.training_options, videos.validation_options):
        cfg.merge_from_dict(options(tmp_path / 'part.txt'))
    assert cfg.val_dataloader.dataset == cfg.train_dataloader.dataset
    part = labelled_set(cfg)
    infos = [part._dataset.get_data_info(i) for i in range(len(part.labels))]
    assert [info['img_path'] for info in infos] == [
        str(root / f'{name}/clip 1') for name in ('left', 'right')
    ]
    assert [info['gt_label'] for info in infos] == [0, 1]


def test_other_data_are_refused_by_name():
    cfg = Config(dict(train_dataloader=dict(dataset=dict(type='mmgreen.UnlabelledImages'))))
    with pytest.raises(InputError, match=r'mmgreen\.UnlabelledImages; a label curve needs'):
        labelled_set(cfg)
