import pytest
import torch
from mmengine.config import Config
from PIL import Image
from reference_baselines import mae, simmim
from reference_pictures import PIPELINE, make_config, make_folder

from mmgreen.apis.reconstruction_pictures import (
    label_images,
    load_model,
    seen_in_pretraining,
    write_sheet,
)
from mmgreen.datasets.images import image_files
from mmgreen.engine.reconstruction_sheet import HIDDEN_GRAY, reconstruction_sheet
from mmgreen.registry import MODELS


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path)


@pytest.fixture
def config(folder):
    return make_config(folder)


@pytest.fixture
def checkpoint(tmp_path, config):
    torch.manual_seed(0)
    path = tmp_path / 'epoch_1.pth'
    weights = MODELS.build(config.model).state_dict()
    # The text of the config is code: nothing of it may be run.
    code = f'open({str(tmp_path / "was_run")!r}, "w")'
    images = dict(folder=str(tmp_path / 'my images'), ann_file='', number=3)
    meta = dict(cfg=code, mmgreen=dict(images=images))
    torch.save(dict(state_dict=weights, meta=meta), path)
    yield str(path)
    assert not (tmp_path / 'was_run').exists()


def test_write_sheet_takes_a_folder_and_a_file(config, checkpoint, folder, tmp_path):
    out = tmp_path / 'deep' / 'sheet.png'
    line = write_sheet(config, checkpoint, str(folder), str(out), num_images=2)
    assert '2 images' in line
    assert Image.open(out).size[0] > 600
    line = write_sheet(config, checkpoint, str(folder / 'c.d.jpeg'), str(tmp_path / 'one.jpg'))
    assert '1 images' in line and Image.open(tmp_path / 'one.jpg').format == 'JPEG'


def test_images_are_named_as_seen_where_that_can_be_known(checkpoint, folder, tmp_path, config):
    stranger = tmp_path / 'stranger.png'
    Image.new('RGB', (96, 96)).save(stranger)
    paths = [str(folder / 'a b.png'), str(stranger)]
    assert seen_in_pretraining(paths, checkpoint) == [True, False]
    bare = tmp_path / 'bare.pth'
    torch.save(MODELS.build(config.model).state_dict(), bare)
    assert seen_in_pretraining(paths, str(bare)) == [None, None]
    assert label_images(['x/a.png', 'b.png', 'c.png'], [True, False, None]) == [
        'a.png (seen in pretraining)',
        'b.png (not seen in pretraining)',
        'c.png',
    ]


def test_a_folder_that_has_changed_or_is_gone_means_that_nothing_is_known(checkpoint, folder):
    path = str(folder / 'a b.png')
    Image.new('RGB', (96, 96)).save(folder / 'added.png')
    assert seen_in_pretraining([path], checkpoint) == [None]
    folder.rename(folder.with_name('moved'))
    assert seen_in_pretraining([path], checkpoint) == [None]


@pytest.mark.parametrize(
    'text',
    [
        '{run}',
        'train_dataloader = dict(dataset=dict(type={run}))',
        'train_dataloader = dict(dataset=dict(type="mmgreen.UnlabelledImages", data_root={run}))',
        '_base_ = [{run}]',
        'train_dataloader = dict(dataset=[1])',
        'train_dataloader = 3',
        'this is (no config',
        'train_dataloader = dict(dataset=dict(type="os.system", data_root="."))',
        'train_dataloader = dict(dataset=dict(type="mmgreen.UnlabelledImages", data_root=3))',
    ],
)
def test_a_config_in_a_checkpoint_is_never_run(folder, tmp_path, text):
    mark = tmp_path / 'was_run'
    written = text.format(run=f'open({str(mark)!r}, "w").write("x")')
    torch.save(dict(state_dict={}, meta=dict(cfg=written)), tmp_path / 'loaded.pth')
    path = str(folder / 'a b.png')
    assert seen_in_pretraining([path], str(tmp_path / 'loaded.pth')) == [None]
    assert not mark.exists()


def test_a_checkpoint_without_decoder_is_refused(config, tmp_path):
    weights = MODELS.build(config.model).backbone.state_dict()
    torch.save({f'backbone.{name}': value for name, value in weights.items()}, tmp_path / 'e.pth')
    with pytest.raises(ValueError, match='has no decoder, so nothing can be reconstructed'):
        load_model(config, str(tmp_path / 'e.pth'), 'cpu')


@pytest.mark.parametrize('baseline', [simmim(), mae()], ids=['simmim', 'mae'])
def test_a_baseline_draws_its_own_checkpoint(baseline, folder, tmp_path):
    pipeline = [*PIPELINE[:2], dict(type='mmcv.transforms.CenterCrop', crop_size=64), PIPELINE[-1]]
    config = Config(dict(model=baseline))
    torch.manual_seed(0)
    weights = MODELS.build(config.model).state_dict()
    torch.save({'state_dict': weights, 'meta': {}}, tmp_path / 'whole.pth')
    model = load_model(config, str(tmp_path / 'whole.pth'), 'cpu')
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    sheet = reconstruction_sheet(model, pipeline, [str(folder / 'a b.png')])
    assert sheet.shape[2] == 3 and HIDDEN_GRAY in sheet
    wrapped = {f'module.{name}': value for name, value in weights.items()}
    torch.save({'model': {**wrapped, 'ema.steps': torch.ones(1)}}, tmp_path / 'wrapped.pth')
    again = load_model(config, str(tmp_path / 'wrapped.pth'), 'cpu')
    assert all(torch.equal(value, weights[name]) for name, value in again.state_dict().items())
    last = list(weights)[-1]
    torch.save({'state_dict': {**weights, last: torch.zeros(1)}}, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=f'does not fit this .*: 1 of .* parameters .*{last}'):
        load_model(config, str(tmp_path / 'other.pth'), 'cpu')


def test_a_config_that_is_no_pretraining_is_refused(config):
    other = Config(dict(model=dict(type='mmpretrain.ImageClassifier')))
    with pytest.raises(ValueError, match='config of a pretraining'):
        load_model(other, 'any.pth', 'cpu')


def test_a_missing_image_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='no file or folder .*gone.*--img-path'):
        image_files(str(tmp_path / 'gone'))
    with pytest.raises(FileNotFoundError, match='holds no image'):
        image_files(str(tmp_path))
