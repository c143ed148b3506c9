import logging
import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from mmengine.dataset import worker_init_fn
from mmengine.logging import MMLogger
from reference_images import cut, save
from torch.utils.data import DataLoader

from mmgreen.datasets.errors import DataError
from mmgreen.datasets.images import LabelledImages, UnlabelledImages
from mmgreen.datasets.seeding import SeededIndex, SeededSampler

PIPELINE = [
    dict(type='mmgreen.ReadImage'),
    dict(type='mmpretrain.RandomResizedCrop', scale=16, backend='pillow', interpolation='bicubic'),
    dict(type='mmcv.transforms.RandomFlip', prob=0.5),
    dict(type='mmpretrain.PackInputs'),
]


@pytest.fixture
def folder(tmp_path):
    """12 readable images and 4 that are not, nested and flat."""
    for i in range(12):
        shade = np.full((24, 32, 3), 20 * i, dtype=np.uint8)
        save(tmp_path / (f'class_{i % 3}/{i}.png' if i % 2 else f'{i}.png'), shade)
    cut(save(tmp_path / 'cut.jpg'))
    (tmp_path / 'class_0/empty.jpg').write_bytes(b'')
    (tmp_path / 'text.png').write_text('no image')
    (tmp_path / 'gone.png').symlink_to(tmp_path / 'nowhere.png')
    return tmp_path


@pytest.fixture
def warnings(caplog):
    """What mmengine's logger warned of in this process."""
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


def loader(dataset, sampler, workers=0, persistent=False):
    return DataLoader(
        dataset,
        batch_size=4,
        sampler=sampler,
        num_workers=workers,
        persistent_workers=persistent,
        collate_fn=list,
        worker_init_fn=lambda i: worker_init_fn(i, workers, 0, 0) if workers else None,
    )


def place_of(images, ending):
    paths = [images.get_data_info(i)['img_path'] for i in range(len(images))]
    return next(i for i, path in enumerate(paths) if path.endswith(ending))


def epochs(dataset, workers=0, persistent=False, which=(0, 1)):
    """The inputs and file names of some epochs."""
    sampler = SeededSampler(dataset, seed=5)
    batches = loader(dataset, sampler, workers, persistent)
    taken = []
    for epoch in which:
        sampler.set_epoch(epoch)
        taken += [each for batch in batches for each in batch]
    inputs = torch.stack([each['inputs'] for each in taken])
    return inputs, [each['data_samples'].img_path for each in taken]


class TestWhatIsFound:
    def test_nested_and_flat_folders_in_a_fixed_order(self, folder):
        images = UnlabelledImages(str(folder))
        names = [images.get_data_info(i)['img_path'] for i in range(len(images))]
        assert len(images) == 16
        assert names == sorted(names)
        assert str(folder / 'class_1/1.png') in names

    def test_what_is_hidden_or_no_image_is_left_aside_and_counted(self, tmp_path):
        save(tmp_path / 'a.jpg')
        (tmp_path / '._a.jpg').write_bytes(b'of macOS')
        save(tmp_path / '.thumbnails/b.jpg')
        (tmp_path / 'folder.jpg').mkdir()
        (tmp_path / 'notes.txt').write_text('')
        images = UnlabelledImages(str(tmp_path))
        assert len(images) == 1
        assert images.num_other_files == 1

    def test_links_are_followed_and_loops_are_not(self, tmp_path):
        save(tmp_path / 'elsewhere/deep/a.jpg')
        root = tmp_path / 'root'
        save(root / 'b.jpg')
        (root / 'link').symlink_to(tmp_path / 'elsewhere')
        (root / 'loop').symlink_to(root)
        assert len(UnlabelledImages(str(root))) == 2

    def test_the_home_folder_may_be_written_as_a_tilde(self, tmp_path, monkeypatch):
        save(tmp_path / 'photos/a.jpg')
        monkeypatch.setenv('HOME', str(tmp_path))
        assert UnlabelledImages('~/photos').folder == str(tmp_path / 'photos')

    def test_a_list_of_files(self, folder):
        (folder / 'some.txt').write_text('2.png\nclass_1/1.png\n')
        images = UnlabelledImages(str(folder), ann_file='some.txt')
        assert len(images) == 2
        assert images.get_data_info(1)['img_path'] == str(folder / 'class_1/1.png')

    @pytest.mark.parametrize('exists', [True, False])
    def test_no_folder_or_no_image_is_said_with_the_path_and_the_remedy(self, tmp_path, exists):
        root = tmp_path / 'photos'
        if exists:
            root.mkdir()
            (root / 'notes.txt').write_text('')
        with pytest.raises(FileNotFoundError) as error:
            UnlabelledImages(str(root))
        assert str(root) in str(error.value)
        assert 'train_dataloader.dataset.data_root=' in str(error.value)


class TestSeededIndex:
    def test_is_an_int_that_survives_the_way_to_a_worker(self):
        index = pickle.loads(pickle.dumps(SeededIndex(3, 2**31)))
        assert (index, index.seed) == (3, 2**31)
        assert [10, 11, 12, 13][index] == 13

    def test_the_sampler_visits_what_the_default_one_visits(self, folder):
        images = UnlabelledImages(str(folder))
        sampler = SeededSampler(images, seed=1)
        first = list(sampler)
        sampler.set_epoch(1)
        second = list(sampler)
        assert sorted(first) == sorted(second) == list(range(16))
        assert first != second
        assert len({each.seed for each in first + second}) == 32

    def test_every_process_has_its_share_and_the_seed_of_an_image_is_the_same(self, folder):
        images = UnlabelledImages(str(folder))
        whole = {int(each): each.seed for each in SeededSampler(images, seed=1)}
        shares = []
        for rank in range(2):
            sampler = SeededSampler(images, seed=1)
            sampler.rank, sampler.world_size, sampler.num_samples = rank, 2, 8
            shares.append({int(each): each.seed for each in sampler})
        assert shares[0] | shares[1] == whole
        assert not shares[0].keys() & shares[1].keys()


class TestWhatIsDrawn:
    def test_workers_change_nothing(self, folder):
        inputs, files = epochs(UnlabelledImages(str(folder), pipeline=PIPELINE))
        for workers, persistent in ((2, False), (2, True), (1, False)):
            images = UnlabelledImages(str(folder), pipeline=PIPELINE)
            again, names = epochs(images, workers, persistent)
            assert torch.equal(inputs, again)
            assert files == names

    def test_a_later_epoch_does_not_need_the_earlier_ones(self, folder):
        inputs, files = epochs(UnlabelledImages(str(folder), pipeline=PIPELINE))
        again, names = epochs(UnlabelledImages(str(folder), pipeline=PIPELINE), 2, which=(1,))
        assert torch.equal(inputs[16:], again)
        assert files[16:] == names

    def test_epochs_and_seeds_differ(self, tmp_path):
        save(tmp_path / 'a.png')
        images = UnlabelledImages(str(tmp_path), pipeline=PIPELINE)
        draws = [images[SeededIndex(0, seed)]['inputs'] for seed in (1, 2, 1)]
        assert torch.equal(draws[0], draws[2])
        assert not torch.equal(draws[0], draws[1])

    def test_a_plain_index_draws_anew_and_may_be_negative(self, tmp_path):
        save(tmp_path / 'a.png')
        images = UnlabelledImages(str(tmp_path), pipeline=PIPELINE)
        assert not torch.equal(images[0]['inputs'], images[-1]['inputs'])
        with pytest.raises(IndexError):
            images[1]


class TestUnreadable:
    def test_workers_skip_them_and_the_main_process_knows(self, folder):
        images = UnlabelledImages(str(folder), pipeline=PIPELINE)
        assert int(images.unreadable().sum()) == 0
        inputs, files = epochs(images, workers=2)
        assert len(inputs) == 32
        assert len(set(files)) == 12
        paths = [images.get_data_info(i)['img_path'] for i in images.unreadable().nonzero()]
        expected = ['class_0/empty.jpg', 'cut.jpg', 'gone.png', 'text.png']
        assert paths == [str(folder / name) for name in expected]

    def test_each_is_reported_once_with_its_reason(self, folder, warnings):
        epochs(UnlabelledImages(str(folder), pipeline=PIPELINE))
        texts = [each.message for each in warnings.records if each.levelno == logging.WARNING]
        assert len(texts) == 4
        assert any('cut.jpg' in text and 'truncated' in text.lower() for text in texts)

    def test_what_is_already_known_does_not_change_what_is_taken(self, folder):
        fresh, knowing = (UnlabelledImages(str(folder), pipeline=PIPELINE) for _ in range(2))
        epochs(knowing)
        assert int(knowing.unreadable().sum()) == 4
        for seed in range(8):
            index = SeededIndex(place_of(fresh, 'cut.jpg'), seed)
            one, other = fresh[index], knowing[index]
            assert one['data_samples'].img_path == other['data_samples'].img_path
            assert torch.equal(one['inputs'], other['inputs'])
            fresh.unreadable().zero_()

    def test_the_substitute_depends_on_the_seed(self, folder):
        images = UnlabelledImages(str(folder), pipeline=PIPELINE)
        place = place_of(images, 'cut.jpg')
        taken = {images[SeededIndex(place, s)]['data_samples'].img_path for s in range(20)}
        assert len(taken) > 5

    def test_nothing_readable_is_an_error_that_names_the_folder(self, tmp_path):
        for i in range(3):
            (tmp_path / f'{i}.jpg').write_bytes(b'')
        images = UnlabelledImages(str(tmp_path), pipeline=PIPELINE)
        with pytest.raises(DataError, match=f'{tmp_path}.*can be read'):
            images[0]

    def test_an_error_that_is_no_matter_of_the_file_is_not_hidden(self, folder):
        images = UnlabelledImages(str(folder), pipeline=[PIPELINE[0], lambda _: {}['key']])
        with pytest.raises(KeyError):
            images[0]


class TestLabelledImages:
    @pytest.fixture
    def classes(self, tmp_path):
        for name in ('cat/1.png', 'cat/more/2.PNG', 'dog/1.png', 'emu/é 3.png'):
            save(tmp_path / name)
        return tmp_path

    def found(self, images):
        each = (images.get_data_info(i) for i in range(len(images)))
        root = images.folder + '/'
        return {info['img_path'].removeprefix(root): info['gt_label'] for info in each}

    def test_labels_are_the_folders_in_alphabetical_order(self, classes):
        images = LabelledImages(str(classes), pipeline=PIPELINE)
        assert images.CLASSES == ('cat', 'dog', 'emu')
        expected = {'cat/1.png': 0, 'cat/more/2.PNG': 0, 'dog/1.png': 1, 'emu/é 3.png': 2}
        assert self.found(images) == expected
        sample = images[SeededIndex(2, 0)]['data_samples']
        assert sample.gt_label.tolist() == [1]

    def test_labels_follow_the_order_of_the_classes_that_are_given(self, classes, warnings):
        named = dict(classes=('emu', 'fox', 'dog', 'cat'))
        images = LabelledImages(str(classes), metainfo=named)
        expected = {'cat/1.png': 3, 'cat/more/2.PNG': 3, 'dog/1.png': 2, 'emu/é 3.png': 0}
        assert self.found(images) == expected
        assert f'{classes} has no image of fox.' in warnings.text

    def test_images_in_no_folder_are_left_aside_and_counted(self, classes, warnings):
        save(classes / 'cover.png')
        assert len(LabelledImages(str(classes))) == 4
        assert f'1 images lie in {classes} itself' in warnings.text

    def test_a_folder_that_is_no_class_is_refused(self, classes):
        with pytest.raises(DataError, match=r"a folder 'dog' that is not one of the classes \('c"):
            LabelledImages(str(classes), metainfo=dict(classes=('cat', 'emu')))

    def test_images_without_folders_are_refused(self, tmp_path):
        save(tmp_path / '1.png')
        with pytest.raises(DataError, match='put those of each class into a folder'):
            LabelledImages(str(tmp_path))

    def test_a_list_of_paths_and_labels(self, classes):
        listed = classes / 'list.txt'
        listed.write_text('cat/more/2.PNG 1\nemu/é 3.png 0\n')
        named = dict(classes=('x', 'y'))
        images = LabelledImages(str(classes), ann_file=str(listed), metainfo=named)
        assert self.found(images) == {'cat/more/2.PNG': 1, 'emu/é 3.png': 0}

    def test_a_list_needs_names_for_its_labels(self, classes):
        listed = classes / 'list.txt'
        listed.write_text('cat/1.png 0\n')
        with pytest.raises(DataError, match='name the classes that they stand for'):
            LabelledImages(str(classes), ann_file=str(listed))

    @pytest.mark.parametrize(
        ('line', 'sentence'),
        [
            ('cat/1.png 2', 'the label 2, but there are 2 classes'),
            ('cat/1.png -1', 'the label -1, but there are 2 classes'),
            ('cat/1.png cat', 'must have a path and a number'),
            ('cat/1.png', 'must have a path and a number'),
        ],
    )
    def test_a_bad_line_is_refused(self, classes, line, sentence):
        listed = classes / 'list.txt'
        listed.write_text(f'dog/1.png 0\n{line}\n')
        with pytest.raises(DataError, match=sentence):
            LabelledImages(str(classes), ann_file=str(listed), metainfo=dict(classes=('x', 'y')))

    def test_broken_files_are_skipped_with_the_label_of_what_is_taken(self, classes):
        cut(save(classes / 'dog/0.jpg'))
        images = LabelledImages(str(classes), pipeline=PIPELINE)
        (broken,) = [i for i in range(5) if images.get_data_info(i)['img_path'].endswith('0.jpg')]
        sample = images[SeededIndex(broken, 3)]['data_samples']
        info = {each['img_path']: each['gt_label'] for each in images.load_data_list()}
        assert sample.gt_label.tolist() == [info[sample.img_path]]
        assert int(images.unreadable().sum()) == 1

    def test_in_a_test_a_broken_file_is_one_sentence(self, classes):
        cut(save(classes / 'dog/0.jpg'))
        images = LabelledImages(str(classes), pipeline=PIPELINE, test_mode=True)
        with pytest.raises(DataError, match=r'to be scored cannot be read: .*dog/0\.jpg'):
            images[place_of(images, 'dog/0.jpg')]
        assert images[SeededIndex(0, 3)]['data_samples'].gt_label.tolist() == [0]


@pytest.mark.parametrize('kind', [UnlabelledImages, LabelledImages])
def test_a_missing_folder_is_named(tmp_path, kind):
    with pytest.raises(FileNotFoundError, match=r'^The image folder .*gone does not exist\. Set'):
        kind(str(tmp_path / 'gone'))


@pytest.mark.parametrize(
    ('number', 'asked', 'expected'), [(40, 3, 3), (40, 9, 4), (7, 5, 1), (1, 5, 0)]
)
def test_held_out_images_are_few_apart_and_in_one_part_only(tmp_path, number, asked, expected):
    for i in range(number):
        save(tmp_path / f'{i:02}.png')

    def names(part, held_out=asked):
        data = UnlabelledImages(str(tmp_path), held_out=held_out, part=part)
        return [data.get_data_info(i)['img_path'] for i in range(len(data))]

    training, held_out = names('training'), names('held_out')
    if expected:
        assert len(held_out) == expected and not set(training) & set(held_out)
        assert sorted(training + held_out) == names('all')
        places = [names('all').index(name) for name in held_out]
        assert all(later - place >= 10 for place, later in pairwise(places))
    else:
        assert training == held_out == names('all')
    assert names('training', held_out=0) == names('held_out', held_out=0) == names('all')


def test_an_unknown_part_is_refused(folder):
    with pytest.raises(ValueError, match="'training', 'held_out'.*not 'test'"):
        UnlabelledImages(str(folder), part='test')
