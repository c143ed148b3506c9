import numpy as np
import pytest
import torch
from PIL import Image
from reference_training import Toy, log_of, runner

from mmgreen.registry import MODELS

IMAGENET = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
HOOKS = [dict(type='mmgreen.CheckNormalisation')]
SAID = 'Images reach the net with'


class Normalising(Toy):
    """A toy that normalises as our pretrainings do, and has a backbone to start."""

    def __init__(self, mean, std):
        super().__init__()
        self.data_preprocessor = MODELS.build(
            dict(type='mmpretrain.SelfSupDataPreprocessor', mean=mean, std=std, to_rgb=True)
        )


def folder_of(tmp_path, mean, std):
    """Twelve images of noise about a colour, red first."""
    folder = tmp_path / 'images'
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(12):
        pixels = rng.normal(mean, std, (16, 16, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f'{number}.png')
    return folder


def train(folder, name='run', start=None, **normalised_by):
    trained = runner(folder, HOOKS, name=name, model=Normalising(**(normalised_by or IMAGENET)))
    if start is not None:
        init = dict(type='Pretrained', checkpoint=str(start))
        trained.cfg.model = dict(backbone=dict(init_cfg=init))
    trained.train()
    return trained


def test_pale_images_are_told_with_the_numbers_to_set(tmp_path):
    log = log_of(train(folder_of(tmp_path, (190, 175, 185), (15, 25, 19))))
    assert log.count(SAID) == 1
    (line,) = [line for line in log.splitlines() if SAID in line]
    mean = [float(each) for each in line.split('mean=[')[1].split(']')[0].split(',')]
    std = [float(each) for each in line.split('std=[')[1].split(']')[0].split(',')]
    assert mean == pytest.approx([189.5, 174.5, 184.5], abs=2)
    assert std == pytest.approx([15, 25, 19], abs=1.5)
    assert 'a mean of 1.1' in line and 'get_mean_std.py' in line


def test_images_as_they_are_normalised_pass_without_a_word(tmp_path):
    folder = folder_of(tmp_path, (190, 175, 185), (15, 25, 19))
    assert SAID not in log_of(train(folder, mean=[190, 175, 185], std=[15, 25, 19]))


def test_photographs_pass_imagenets(tmp_path):
    assert SAID not in log_of(train(folder_of(tmp_path, (125, 135, 111), (62, 60, 47))))


def test_a_contrast_too_low_is_told_though_the_mean_is_right(tmp_path):
    assert SAID in log_of(train(folder_of(tmp_path, IMAGENET['mean'], (20, 20, 20))))


def test_a_model_that_does_not_normalise_is_left_alone(tmp_path):
    trained = runner(folder_of(tmp_path, (190, 175, 185), (15, 25, 19)), HOOKS)
    trained.train()
    assert SAID not in log_of(trained)


def test_what_starts_from_a_checkpoint_is_not_told_to_leave_its_normalisation(tmp_path):
    folder = folder_of(tmp_path, (190, 175, 185), (15, 25, 19))
    assert SAID not in log_of(train(folder, start='public.pth'))


@pytest.mark.parametrize('path', ['torchvision://resnet50', 'gone.pth'])
def test_a_start_that_is_no_file_here_is_left_to_who_loads_it(tmp_path, path):
    log = log_of(train(folder_of(tmp_path, (125, 135, 111), (62, 60, 47)), start=path))
    assert 'normalised by' not in log


@pytest.mark.parametrize('same', [True, False])
def test_a_start_that_was_normalised_otherwise_is_told(tmp_path, same):
    folder = folder_of(tmp_path, (125, 135, 111), (62, 60, 47))
    theirs = IMAGENET if same else dict(mean=[125.0, 135, 111], std=[62.0, 60, 47])
    said = 'mean={mean}, std={std}'.format(**theirs)
    file = tmp_path / 'start.pth'
    torch.save(dict(state_dict={}, meta=dict(mmgreen=dict(encoding=dict(pixels=said)))), file)
    log = log_of(train(folder, start=file))
    assert ('was trained on pixels normalised by' in log) != same
