from types import SimpleNamespace

import pytest
from mmengine.runner import Runner
from reference_pictures import make_config, make_folder


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path)


@pytest.fixture
def config(folder):
    return make_config(folder)


def test_the_hook_draws_every_n_epochs_and_at_the_end(config, folder, tmp_path):
    runner = Runner(
        model=config.model,
        work_dir=str(tmp_path / 'work'),
        train_dataloader=config.train_dataloader,
        train_cfg=dict(by_epoch=True, max_epochs=3),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0)),
        custom_hooks=[
            dict(type='mmgreen.DrawReconstructions', img_path=str(folder), interval=2, num_images=1)
        ],
        default_scope='mmpretrain',
        cfg=config,
        experiment_name='draws',
    )
    runner.train()
    drawn = sorted(path.name for path in (tmp_path / 'work' / 'reconstructions').iterdir())
    assert drawn == ['epoch_2.png', 'epoch_3.png']


def test_the_hook_names_a_missing_folder_before_training(config, tmp_path):
    from mmgreen.engine.hooks.draw_reconstructions import DrawReconstructions

    with pytest.raises(FileNotFoundError, match='gone'):
        DrawReconstructions(str(tmp_path / 'gone')).before_train(SimpleNamespace(cfg=config))
