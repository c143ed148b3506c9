from types import SimpleNamespace

import pytest
from mmengine.config import ConfigDict
from reference_training import NUM_IMAGES
from torch.utils.data import DataLoader

from mmgreen.datasets.images import UnlabelledImages
from mmgreen.datasets.seeding import SeededSampler
from mmgreen.engine.crops import describe_crops

RESIZED = dict(type='mmpretrain.RandomResizedCrop', scale=128, crop_ratio_range=(0.4, 1))


def run(images, pipeline, crops_per_epoch=None, processes=1, **values):
    """What is asked of a runner; batches of 6, of twelve images."""
    dataset = UnlabelledImages(str(images), pipeline=pipeline)
    sampler = SeededSampler(dataset, samples_per_epoch=crops_per_epoch)
    return SimpleNamespace(
        cfg=ConfigDict(values),
        world_size=processes,
        train_dataloader=DataLoader(dataset, batch_size=6, sampler=sampler),
    )


def test_crops_of_whole_images(images):
    assert describe_crops(run(images, [RESIZED])) == (
        'each image once an epoch: 0.4 to 1 of it, shown at 128x128'
    )


def test_each_process_crops_as_often(images):
    trained = run(images, [RESIZED], crops_per_epoch=NUM_IMAGES * 5 // 2, processes=2)
    assert describe_crops(trained).startswith('each image 5 times an epoch: ')


@pytest.mark.parametrize(
    ('values', 'text'),
    [
        ({}, '0.4 to 1 of 100x100 px of it, shown at 128x128'),
        (dict(object_size=40), 'shown at 128x128, where 40 px (object_size) are 51 to 81 px wide'),
    ],
)
def test_crops_near_objects_say_how_large_those_become(images, values, text):
    near = dict(type='mmpretrain.RandomCrop', crop_size=100)
    assert describe_crops(run(images, [near, RESIZED], **values)).endswith(text)


def test_nothing_is_said_of_images_that_are_not_cropped_so(images):
    assert describe_crops(run(images, [])) is None
    others = SimpleNamespace(train_dataloader=DataLoader([1, 2, 3]))
    assert describe_crops(others) is None
