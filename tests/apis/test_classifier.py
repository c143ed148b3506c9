"""A small classifier with random weights, by the function and by the tool."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmpretrain import ImageClassificationInferencer
from mmpretrain.registry import MODELS
from PIL import Image
from reference_images import read

import mmgreen
from mmgreen.apis.classifier import is_classifier
from mmgreen.apis.prediction import predict
from mmgreen.engine.trained_config import trained_config

CLASSES = ('ant', 'bee', 'cow', 'dog', 'eel', 'fly')
CONFIG = f"""
_base_ = [{mmgreen.config_file('hiera/hiera_t_finetune_own_data.py')!r}]
model = dict(
    data_preprocessor=dict(num_classes=6),
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1]),
        img_size=64,
        init_cfg=dict(checkpoint='no/such/file.pth'),
    ),
    neck=dict(in_channels=64),
    head=dict(num_classes=6, in_channels=64),
)
test_dataloader = dict(dataset=dict(metainfo=dict(classes={CLASSES!r})))
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A config, a checkpoint, and images of which one is cut off."""
    folder = tmp_path_factory.mktemp('classifier')
    (folder / 'small.py').write_text(CONFIG)
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(folder / 'small.py').model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
    meta = dict(dataset_meta=dict(classes=CLASSES))
    torch.save(dict(meta=meta, state_dict=model.state_dict()), folder / 'small.pth')
    (folder / 'images/sub').mkdir(parents=True)
    random = np.random.default_rng(0)
    for name in ('a.png', 'sub/b ü.jpg', 'c.jpg'):
        pixels = random.integers(0, 256, (70, 90, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / 'images' / name)
    broken = folder / 'images/c.jpg'
    broken.write_bytes(broken.read_bytes()[:900])
    (folder / 'images/notes.txt').write_text('no image')
    return folder


def run(folder, out_dir, **changes):
    files = dict(
        config=folder / 'small.py', checkpoint=folder / 'small.pth', source=folder / 'images'
    )
    return predict(**files | changes, out_dir=out_dir, device='cpu')


def test_the_five_best_classes_are_those_of_mmpretrain(folder, tmp_path):
    made = run(folder, tmp_path)
    content = json.loads(made.results.read_text())
    assert content['classes'] == list(CLASSES)
    assert [each['file_name'] for each in content['images']] == ['a.png', 'sub/b ü.jpg']
    host = ImageClassificationInferencer(
        str(folder / 'small.py'), str(folder / 'small.pth'), 'cpu', classes=CLASSES
    )
    for image in content['images']:
        assert (image['width'], image['height']) == (90, 70)
        # mmpretrain takes arrays blue first, as its own reader gives them.
        expected = host(read(folder / 'images' / image['file_name']))[0]['pred_scores']
        best = np.argsort(-expected)[:5]
        assert [each['name'] for each in image['classes']] == [CLASSES[i] for i in best]
        assert [each['score'] for each in image['classes']] == pytest.approx(expected[best])


def test_what_was_not_read_is_named(folder, tmp_path):
    made = run(folder, tmp_path)
    text = str(made)
    assert text.startswith(f'classes of 2 images: {tmp_path / "predictions.json"}\n')
    assert 'left out, not readable: ' in text and 'c.jpg' in text
    assert 'left aside by their ending: 1 .txt (notes.txt)' in text
    assert not (tmp_path / 'pictures').exists()


@pytest.mark.parametrize(
    ('changes', 'sentence'),
    [
        (dict(tile=640), '--tile is for detectors'),
        (dict(checkpoint='gone.pth'), 'There is no checkpoint'),
        (dict(source='gone'), 'There is no file or folder'),
    ],
)
def test_bad_input(folder, tmp_path, changes, sentence):
    with pytest.raises((FileNotFoundError, ValueError)) as error:
        run(folder, tmp_path, **changes)
    assert sentence in str(error.value) and '\n' not in str(error.value)


def test_the_checkpoint_of_another_model(folder, tmp_path):
    torch.save(dict(meta={}, state_dict={}), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='is not the config that it was trained with'):
        run(folder, tmp_path, checkpoint=tmp_path / 'other.pth')


def test_names_that_are_not_one_for_each_output(folder, tmp_path):
    content = torch.load(folder / 'small.pth')
    content['meta']['dataset_meta']['classes'] = CLASSES[:4]
    torch.save(content, tmp_path / 'fewer.pth')
    with pytest.raises(ValueError, match='names 4 classes'):
        run(folder, tmp_path, checkpoint=tmp_path / 'fewer.pth')


def test_another_config_than_that_of_the_training_is_said(folder, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'warning', said.append)
    content = torch.load(folder / 'small.pth')
    trained = Config.fromfile(folder / 'small.py')
    content['meta']['mmgreen'] = dict(config=trained_config(trained))
    torch.save(content, tmp_path / 'made.pth')
    run(folder, tmp_path, checkpoint=tmp_path / 'made.pth')
    assert said == []
    trained.model.head.topk = (1,)
    content['meta']['mmgreen'] = dict(config=trained_config(trained))
    torch.save(content, tmp_path / 'made.pth')
    run(folder, tmp_path, checkpoint=tmp_path / 'made.pth')
    assert said[0].splitlines()[1:] == ['  model.head.topk: (1,) trained, nothing now']


def test_what_is_a_classifier():
    assert is_classifier(Config.fromfile(mmgreen.config_file('hiera/hiera_t_finetune.py')))
    assert not is_classifier(Config.fromfile(mmgreen.config_file('demo/swin_pretrain.py')))
    assert not is_classifier(Config.fromfile(mmgreen.config_file('demo/swin_mask_rcnn.py')))
