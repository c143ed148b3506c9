import pytest
from mmengine.config import Config
from reference_running import make_project

from mmgreen.apis.testing import configure_test


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Configs and images."""
    folder = tmp_path_factory.mktemp('project')
    make_project(folder)
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


class TestTestingConfig:
    def test_every_sample_counts(self, here):
        (here / 'some.pth').touch()
        assert configure_test('tiny.py', 'some.pth').test_cfg.type == 'mmgreen.SampleTestLoop'

    @pytest.mark.parametrize(
        ('arguments', 'sentence'),
        [
            (dict(checkpoint='gone.pth'), 'There is no checkpoint gone.pth'),
            (dict(out='a.json'), '--out takes a .pkl file'),
            (dict(show_dir='pictures'), 'visualize_reconstruction.py'),
            (dict(tta=True), 'tta_model and tta_pipeline'),
            (dict(cfg_options={'test_dataloader.batch': 1}), 'test_dataloader.batch_size?'),
        ],
    )
    def test_what_cannot_work_is_one_sentence(self, here, arguments, sentence):
        (here / 'some.pth').touch()
        with pytest.raises((FileNotFoundError, ValueError)) as error:
            configure_test(**{'config': 'tiny.py', 'checkpoint': 'some.pth', **arguments})
        assert sentence in str(error.value)

    @pytest.mark.parametrize(
        ('kind', 'expected'),
        [
            ('DetVisualizationHook', dict(draw=True, test_out_dir='pictures')),
            ('mmpretrain.VisualizationHook', dict(enable=True, out_dir='pictures')),
        ],
    )
    def test_pictures_of_the_hosts_models(self, here, kind, expected):
        (here / 'some.pth').touch()
        cfg = Config.fromfile('tiny.py')
        cfg.default_hooks.visualization = dict(type=kind)
        cfg.dump('shown.py')
        shown = configure_test('shown.py', 'some.pth', show_dir='pictures', wait_time=1.0)
        hook = shown.default_hooks.visualization
        assert {key: hook[key] for key in expected} == expected
        assert hook.wait_time == 1.0 and not hook.show

    @pytest.mark.parametrize('labels', [True, False])
    def test_pictures_with_names_or_without(self, here, labels):
        (here / 'some.pth').touch()
        cfg = Config.fromfile('tiny.py')
        cfg.default_hooks.visualization = dict(type='mmdet.DetVisualizationHook')
        cfg.visualizer = dict(type='mmdet.DetLocalVisualizer')
        cfg.dump('shown.py')
        shown = configure_test('shown.py', 'some.pth', show_dir='pictures', labels=labels)
        assert shown.visualizer == dict(type='mmgreen.DetectionVisualizer', labels=labels)

    def test_augmentation_at_test_time(self, here):
        (here / 'some.pth').touch()
        cfg = Config.fromfile('tiny.py')
        cfg.tta_model, cfg.tta_pipeline = dict(type='SomeTTA'), [dict(type='SomeTransform')]
        cfg.dump('augmented.py')
        tested = configure_test('augmented.py', 'some.pth', tta=True)
        assert tested.model.type == 'SomeTTA'
        assert tested.model.module.type == 'mmgreen.MaskedAutoencoder'
        assert tested.test_dataloader.dataset.pipeline == [dict(type='SomeTransform')]
