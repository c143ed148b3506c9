"""From a pretraining checkpoint to a classifier of one's own folders, by the real runner."""

import numpy as np
import pytest
import torch
from PIL import Image

import mmgreen
from mmgreen.apis import testing
from mmgreen.apis.training import configure_training, train
from mmgreen.models import Hiera

CLASSES = ('red', 'blue', 'green')

CONFIG = f"""
_base_ = [{mmgreen.config_file('hiera/hiera_t_finetune_own_data.py')!r}]
named = dict(metainfo=dict(classes={CLASSES!r}))
model = dict(
    data_preprocessor=dict(num_classes=3),
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1]),
        img_size=64,
        init_cfg=dict(checkpoint='start.pth'),
    ),
    neck=dict(in_channels=64),
    head=dict(num_classes=3, in_channels=64),
)
loader = dict(batch_size=6, num_workers=0)
train_dataloader = dict(dataset=dict(data_root='images', **named), **loader)
val_dataloader = dict(dataset=dict(data_root='images', **named), **loader)
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=4)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=3, begin=1, end=4, convert_to_iter_based=True),
]
optim_wrapper = dict(optimizer=dict(lr=1e-2))
"""

# Where nothing has to be learned.
ONE_EPOCH = {'train_cfg.max_epochs': 1, 'param_scheduler': []}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with images of three colours, a pretrained encoder and a config."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    colours = {'red': (200, 40, 40), 'blue': (40, 40, 200), 'green': (40, 200, 40)}
    for name, colour in colours.items():
        (tmp_path / 'images' / name).mkdir(parents=True)
        for i in range(8):
            pixels = random.normal(colour, 20, (70 + i, 90, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / 'images' / name / f'{i}.png')
    arch = dict(embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])
    torch.manual_seed(0)
    weights = {f'backbone.{name}': x for name, x in Hiera(arch, img_size=64).state_dict().items()}
    torch.save({'state_dict': weights}, 'start.pth')
    (tmp_path / 'colours.py').write_text(CONFIG)
    return tmp_path


def test_it_learns_colours_is_tested_and_resumes_exactly(here):
    runner = train(configure_training('colours.py', work_dir='whole'))
    log = next((here / 'whole').glob('*/*.log')).read_text()
    assert 'Loaded 100.0 % of the parameters of the backbone from start.pth' in log
    assert '24 found in' in log
    weights = {name: x.clone() for name, x in runner.model.state_dict().items()}
    assert torch.load('whole/epoch_4.pth', weights_only=False)['meta']['dataset_meta'] == {
        'classes': CLASSES
    }
    result = testing.test(
        testing.configure_test('colours.py', 'whole/epoch_4.pth', work_dir='tested')
    )
    assert result['accuracy/top1'] > 60  # a third by chance

    # mixup, cutmix and drop path included: killed after the second epoch, it ends the same.
    last = here / 'whole/epoch_2.pth'
    resumed = train(configure_training('colours.py', work_dir='again', resume=str(last)))
    for name, tensor in resumed.model.state_dict().items():
        assert torch.equal(tensor, weights[name]), name


@pytest.mark.parametrize('classes', [2, 5])
def test_a_head_for_another_number_of_classes_is_refused(here, classes):
    options = {'model.head.num_classes': classes}
    with pytest.raises(ValueError, match=f'model.head.num_classes is {classes}.*3 classes'):
        configure_training('colours.py', cfg_options=options)


def test_a_checkpoint_with_another_number_of_classes_is_refused(here):
    train(configure_training('colours.py', cfg_options=ONE_EPOCH))
    text = (here / 'colours.py').read_text()
    text = text.replace(repr(CLASSES), repr((*CLASSES, 'fourth')))
    (here / 'four.py').write_text(text.replace('num_classes=3', 'num_classes=4'))
    sentence = r'2 of \d+ parameters.*head.fc.weight first \(file \[3, 64\], model \[4, 64\]\)'
    with pytest.raises(ValueError, match=sentence):
        testing.test(testing.configure_test('four.py', 'work_dirs/colours/epoch_1.pth'))


class TestClassesOfTheFolders:
    """Where the config names no classes."""

    @pytest.fixture(autouse=True)
    def unnamed(self, here):
        (here / 'colours.py').write_text(
            CONFIG.replace('data_root=', 'metainfo=None, data_root=').replace(', **named', '')
        )
        return here

    def test_they_fit(self):
        options = dict(cfg_options=ONE_EPOCH, validate=False)
        runner = train(configure_training('colours.py', **options))
        assert runner.train_dataloader.dataset.CLASSES == ('blue', 'green', 'red')

    def test_another_number_is_refused(self, here):
        (here / 'images/fourth').mkdir()
        (here / 'images/red/0.png').rename(here / 'images/fourth/0.png')
        sentence = 'The data have 4 classes.*num_classes is 3; set it'
        with pytest.raises(ValueError, match=sentence):
            train(configure_training('colours.py'))

    def test_validation_with_other_folders_is_refused(self, here):
        (here / 'other').mkdir()
        for name, renamed in (('red', 'rot'), ('blue', 'blue'), ('green', 'green')):
            (here / 'other' / renamed).symlink_to(here / 'images' / name)
        with pytest.raises(ValueError, match=r"Validation has.*'rot'\), training.*'red'\)"):
            train(
                configure_training(
                    'colours.py', cfg_options={'val_dataloader.dataset.data_root': 'other'}
                )
            )


def test_without_mixup(here):
    options = {**ONE_EPOCH, 'model.train_cfg': None}
    runner = train(configure_training('colours.py', cfg_options=options))
    assert runner.model.data_preprocessor.batch_augments is None
