"""The end of a training, whose commands are run as they are printed."""

import shlex
from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from reference_running import make_project
from reference_training import runner

from mmgreen.apis import testing
from mmgreen.apis.next_steps import _commands, describe_end
from mmgreen.apis.training import configure_training, train


def test_a_pretraining_on_clips_leads_to_a_classifier(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = SimpleNamespace(errors_per_image=None)
    dataset = SimpleNamespace(folder='clips', kind='video')
    ended = SimpleNamespace(
        model=model,
        cfg=Config(dict(test_dataloader={}), filename=__file__),
        train_dataloader=SimpleNamespace(dataset=dataset),
        work_dir='out',
    )
    *_, last = _commands(ended, 'out/epoch_1.pth')
    assert last.startswith('mmgreen train CLASSIFIER.py --cfg-options model.backbone.init_cfg')


def test_of_a_pretraining(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_project(tmp_path)
    options = {'train_dataloader.num_workers': 0, 'model.mask_ratio': 0.75}
    trained = train(configure_training('tiny.py', work_dir='out', cfg_options=options))
    end = describe_end(trained)
    assert end in capsys.readouterr().out
    first, *commands = end.splitlines()
    assert first == 'Finished. Last checkpoint: out/epoch_3.pth. Next:'
    words = [shlex.split(command, comments=True) for command in commands]
    assert [each[:2] for each in words] == [['mmgreen', each] for each in NAMES]
    assert words[2][3:] == ['--cfg-options', 'model.backbone.init_cfg.checkpoint=out/epoch_3.pth']
    assert words[1][4:] == ['--img-path', 'images', '--out-file', 'out/reconstructions.png']
    assert words[0][2:] == ['out/tiny.py', 'out/epoch_3.pth']
    cfg = testing.configure_test(*words[0][2:])
    assert cfg.model.mask_ratio == 0.75  # as it was trained, not as the file has it
    cfg.experiment_name = f'{tmp_path.name}_test'
    assert 0 < testing.test(cfg)['reconstruction_loss'] < 100


class TestCheckpoints:
    @pytest.fixture
    def images(self, tmp_path):
        make_project(tmp_path)
        (tmp_path / 'images/3.jpg').unlink()
        return tmp_path / 'images'

    @pytest.fixture
    def trained(self, images, monkeypatch) -> Runner:
        monkeypatch.chdir(images.parent)
        trained = runner(images, [], epochs=1, checkpoints=dict(interval=1))
        trained.train()
        trained.message_hub.runtime_info.pop('best_ckpt', None)
        return trained

    def test_the_best_comes_first_and_into_the_commands(self, trained, images):
        (images.parent / 'run/best_x.pth').touch()
        trained.message_hub.update_info('best_ckpt', str(images.parent / 'run/best_x.pth'))
        trained.message_hub.update_info('best_score', 0.41234)
        end = describe_end(trained)
        assert end.startswith(
            'Finished. Best 0.4123: run/best_x.pth. Last checkpoint: run/epoch_1.pth. Next:'
        )
        assert 'mmgreen test' in end and end.endswith('run/best_x.pth')

    def test_a_detector_predicts(self, trained):
        trained.cfg.default_scope = 'mmdet'
        assert (
            describe_end(trained)
            .splitlines()[-1]
            .endswith('run/epoch_1.pth IMAGES --out-dir run/predictions')
        )

    def test_elsewhere_than_here_paths_are_whole(self, trained, images, tmp_path, monkeypatch):
        (tmp_path / 'elsewhere').mkdir()
        monkeypatch.chdir(tmp_path / 'elsewhere')
        assert f'Last checkpoint: {images.parent}/run/epoch_1.pth' in describe_end(trained)

    def test_without_a_checkpoint_there_is_nothing_to_do(self, trained, images):
        (images.parent / 'run/epoch_1.pth').unlink()
        (images.parent / 'run/last_checkpoint').unlink()
        assert describe_end(trained) == 'Finished.'


NAMES = ('test', 'picture', 'train')
