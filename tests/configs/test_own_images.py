"""The starters for one's own images: what stands at the top is to change, and decides the rest."""

import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from reference_configs import copy_starter
from repository import ROOT

from mmgreen.engine.schedules import check_schedule
from mmgreen.registry import MODELS

CONFIGS = ROOT / 'configs'
OWN_IMAGES = sorted(CONFIGS.glob('*/*_pretrain_own_images.py'))
BASELINE = CONFIGS / 'mae/vit_n_pretrain_own_images.py'  # the nets are mmpretrain's


@pytest.mark.parametrize('file', OWN_IMAGES, ids=lambda file: file.stem)
def test_what_has_no_weight_decay(file):
    cfg = Config.fromfile(file)
    model = MODELS.build(cfg.model)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    decay = {id(p): each['weight_decay'] for each in optimizer.param_groups for p in each['params']}
    fixed = {'backbone.pos_embed', 'neck.decoder_pos_embed'} if file == BASELINE else set()
    assert {name for name, each in model.named_parameters() if not each.requires_grad} == fixed
    trained = [(name, each) for name, each in model.named_parameters() if name not in fixed]
    for name, parameter in trained:
        tables = ('bias_table', 'mask_token', 'cls_token', 'pos_embed', 'pos_embed_window')
        without = parameter.ndim == 1 or name.endswith(tables)
        assert decay[id(parameter)] == (0 if without else 0.05), name
    assert len(decay) == len(trained)
    assert len({each['lr'] for each in optimizer.param_groups}) == 1


@pytest.mark.parametrize('file', OWN_IMAGES, ids=lambda file: file.stem)
class TestOwnImages:
    def test_it_is_short(self, file):
        assert len(file.read_text().splitlines()) <= 40

    def test_every_other_number_follows_from_the_values_at_the_top(self, file, tmp_path):
        values = dict(epochs=50, warmup=4, batch_size=32, num_gpus=2, crops_per_epoch=640)
        values.update(data_root='/photos', held_out=7, learning_rate=5e-4)
        cfg = copy_starter(file, tmp_path, **values)
        check_schedule(cfg.to_dict())
        assert cfg.train_dataloader.dataset.data_root == '/photos'
        assert cfg.train_dataloader.batch_size == 32
        assert cfg.train_dataloader.sampler.samples_per_epoch == 640
        assert cfg.auto_scale_lr.base_batch_size == 64
        assert cfg.optim_wrapper.optimizer.lr == 5e-4
        assert [(each.get('begin'), each.end) for each in cfg.param_scheduler] == [(0, 4), (4, 50)]
        assert cfg.train_cfg.max_epochs == 50

    def test_what_is_held_out_judges_and_is_not_trained_on(self, file, tmp_path):
        cfg = copy_starter(file, tmp_path, data_root='/photos', held_out=7)
        assert cfg.val_dataloader == cfg.test_dataloader and cfg.val_cfg == {}
        parts = [cfg[f'{name}_dataloader'].dataset for name in ('train', 'val')]
        assert [part.part for part in parts] == ['training', 'held_out']
        assert {part.held_out for part in parts} == {7}
        assert {part.data_root for part in parts} == {'/photos'}
        # Judged as the base says: whole images, cropped at the centre; or crops of one scale.
        whole = ['mmpretrain.ResizeEdge', 'mmcv.transforms.CenterCrop']
        crops = ['mmpretrain.RandomCrop', 'mmpretrain.RandomResizedCrop']
        judged = [each.type for each in parts[1].pipeline][1:3]
        assert judged == (crops if '_n_' in file.name else whole)


@pytest.mark.parametrize(
    'file', [file for file in OWN_IMAGES if file != BASELINE], ids=lambda file: file.stem
)
class TestStart:
    @pytest.mark.parametrize('with_decoder', [False, True])
    def test_the_checkpoint_goes_to_the_encoder_or_to_the_whole_model(
        self, file, tmp_path, with_decoder
    ):
        cfg = copy_starter(file, tmp_path, start_from='some.pth', with_decoder=with_decoder)
        start = cfg.model.init_cfg if with_decoder else cfg.model.backbone.init_cfg
        assert start == dict(type='Pretrained', checkpoint='some.pth')
        assert ('init_cfg' in cfg.model) == with_decoder

    def test_nothing_is_loaded_if_no_checkpoint_is_given(self, file, tmp_path):
        assert copy_starter(file, tmp_path).model.backbone.init_cfg.checkpoint is None


def test_the_baseline_goes_on_with_encoder_and_decoder(tmp_path):
    assert copy_starter(BASELINE, tmp_path, start_from='some.pth').load_from == 'some.pth'
    assert copy_starter(BASELINE, tmp_path).load_from is None
