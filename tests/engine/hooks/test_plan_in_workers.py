"""Masks and plans from the data loader's workers."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import ConcatDataset
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from reference_running import make_project
from torch.utils.data import DataLoader

from mmgreen.engine.hooks.plan_in_workers import PlanInWorkers, collate_planned
from mmgreen.models import GreenSwin, MaskedAutoencoder, MIMDecoder, MIMHead

SIZES = dict(embed_dims=8, depths=[1, 1, 2, 1], num_heads=[1, 1, 1, 1])


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_project(tmp_path)
    return tmp_path


def runner(name, workers=2, **options):
    cfg = Config.fromfile('tiny.py')
    cfg.merge_from_dict(
        {
            'work_dir': name,
            'experiment_name': name,
            'model.shared_mask': False,
            'train_dataloader.num_workers': workers,
            'train_dataloader.persistent_workers': False,
            'test_dataloader': None,
            'test_cfg': None,
            'test_evaluator': None,
            **options,
        }
    )
    return Runner.from_cfg(cfg)


def weights(trained):
    return torch.cat([p.detach().flatten() for p in trained.model.parameters()])


def refuse(*_):
    raise AssertionError('planned in the training step')


def test_no_step_plans_and_every_image_has_a_mask_of_its_own(project, monkeypatch):
    monkeypatch.setattr(MaskedAutoencoder, 'draw_masked', refuse)
    seen = []
    loss = MaskedAutoencoder.loss
    monkeypatch.setattr(
        MaskedAutoencoder,
        'loss',
        lambda self, images, samples: seen.append(samples.masked) or loss(self, images, samples),
    )
    runner('run', **{'train_dataloader.persistent_workers': True}).train()  # as in our configs
    masks = torch.cat(seen)
    assert masks.shape == (30, 4) and (masks.sum(1) == 2).all()
    assert len(masks.unique(dim=0)) > 3
    assert any((pair[0] != pair[1]).any() for pair in seen)


def test_workers_and_a_resume_change_nothing(project):
    whole = runner('whole')
    whole.train()
    alone = runner('alone', workers=0)
    alone.train()
    assert torch.equal(weights(whole), weights(alone))
    rest = runner('rest', resume=True, load_from='whole/epoch_1.pth')
    rest.train()
    assert torch.equal(weights(whole), weights(rest))


def test_a_planned_step_has_the_loss_and_gradients_of_one_that_plans():
    torch.manual_seed(0)
    model = MaskedAutoencoder(
        GreenSwin(SIZES, drop_path_rate=0.0),
        MIMDecoder(64, embed_dim=16, num_heads=2, img_size=96),
        MIMHead(),
        shared_mask=False,
    )
    images = torch.randn(2, 3, 96, 96)
    masked = torch.tensor([[1, 1, 1, 1, 1, 0, 1, 1, 0], [0, 1, 1, 1, 1, 1, 1, 0, 1]]).bool()
    items = [
        {'inputs': image, 'data_samples': DataSample(masked=row)}
        for image, row in zip(images, masked, strict=True)
    ]
    batch = collate_planned(
        items,
        collate=lambda items: {
            'inputs': torch.stack([item['inputs'] for item in items]),
            'data_samples': [item['data_samples'] for item in items],
        },
        net=model.backbone.without_weights(),
    )
    losses = []
    model.draw_masked = lambda _: masked
    for samples in (batch['data_samples'], None):
        model.zero_grad()
        loss = model.loss(batch['inputs'], samples)['loss']
        loss.backward()
        losses.append((loss, model.backbone.patch_embed.projection.weight.grad.clone()))
    assert torch.equal(losses[0][0], losses[1][0])
    assert torch.equal(losses[0][1], losses[1][1])
    assert 'masked' not in batch['data_samples'][0]


def test_a_shared_mask_leaves_the_loader_alone(project):
    trained = runner('shared', workers=0, **{'model.shared_mask': True})
    loader = trained.build_dataloader(trained.cfg.train_dataloader)
    trained._train_dataloader = loader
    collate, steps = loader.collate_fn, len(loader.dataset.pipeline.transforms)
    PlanInWorkers().before_train(trained)
    assert loader.collate_fn is collate and len(loader.dataset.pipeline.transforms) == steps


def test_data_without_a_pipeline_are_left_alone_and_a_line_says_so(project):
    trained = runner('joined', workers=0)
    loader = trained.build_dataloader(trained.cfg.train_dataloader)
    whole = DataLoader(ConcatDataset([loader.dataset]), batch_size=2, collate_fn=loader.collate_fn)
    trained._train_dataloader = whole
    PlanInWorkers().before_train(trained)
    assert whole.collate_fn is loader.collate_fn
    log = next(Path(trained.log_dir).glob('*.log')).read_text()
    assert 'A ConcatDataset has no pipeline to draw masks in' in log
