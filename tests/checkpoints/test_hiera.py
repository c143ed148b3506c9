"""Every Hiera format against the net it comes from: outputs, predictions, and the way back."""

import hiera
import pytest
import timm
import torch
from hiera.hiera_mae import MaskedAutoencoderHiera
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from reference_hiera import ALL_STAGES, ARCH, CLIPS, sam_2_encoder
from torch import nn
from transformers import HieraConfig, HieraForImageClassification, HieraForPreTraining

from mmgreen import config_file
from mmgreen.checkpoints.formats import convert, convert_back
from mmgreen.checkpoints.hiera import HIERA
from mmgreen.checkpoints.loading import load_pretrained
from mmgreen.checkpoints.whole_model import translated_weights
from mmgreen.nets.decoder import MaskedDecoder
from mmgreen.nets.hiera import HieraEncoder

OFFICIAL = dict(embed_dim=16, num_heads=1, stages=(1, 2, 3, 2), input_size=(64, 64))
HUGGING_FACE = dict(embed_dim=16, depths=[1, 2, 3, 2], num_heads=[1, 2, 4, 8], image_size=[64, 64])
SAM_2 = dict(window_sizes=(8, 4, 14, 7), global_blocks=(4, 5), pos_embed='abs_win')


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def randomised(net):
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(std=0.1)
    return net.eval()


class Pretraining(nn.Module):
    """Encoder and decoder of the small size, as the official code has them."""

    def __init__(self, fused_stages=(0, 1, 3)):
        super().__init__()
        self.backbone = HieraEncoder(ARCH, img_size=64, q_pool=2)
        self.neck = MaskedDecoder(
            [16, 32, 64, 128],
            embed_dim=32,
            depth=2,
            num_heads=2,
            img_size=64,
            patch_size=16,
            pos_embed='learned',
            fused_stages=fused_stages,
        )

    def forward(self, images, masked):
        return self.neck(self.backbone.forward_visible(images, masked), masked)


def official_mae():
    return randomised(
        MaskedAutoencoderHiera(
            q_pool=2, decoder_embed_dim=32, decoder_depth=2, decoder_num_heads=2, **OFFICIAL
        )
    )


def load(tmp_path, weights, module, **options):
    torch.save(weights, tmp_path / 'file.pth')
    return load_pretrained(module, tmp_path / 'file.pth', **options)


def assert_same(got, expected):
    assert (got - expected).abs().max() <= 1e-4 * expected.abs().max()


def assert_same_maps(module, judge):
    """Of a judge of the official package, or one that has given its last map."""
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        _, maps = judge(images, return_intermediates=True)
        for ours, theirs in zip(module.eval()(images), maps, strict=True):
            assert_same(ours, theirs.permute(0, 3, 1, 2))


@pytest.mark.parametrize('wrap', [lambda x: x, lambda x: {'model_state': x, 'epoch': 3}])
def test_official(tmp_path, wrap):
    judge = randomised(hiera.Hiera(**OFFICIAL))
    net = HieraEncoder(ARCH, img_size=64, out_indices=ALL_STAGES)
    report = load(tmp_path, wrap(judge.state_dict()), net)
    assert (report.title, report.share) == ('official Hiera', 1.0)
    assert not report.missing and not report.unexpected
    assert_same_maps(net, judge)


def test_official_clips(tmp_path):
    judge = randomised(hiera.Hiera(**{**OFFICIAL, **CLIPS, 'input_size': (4, 64, 64)}))
    net = HieraEncoder(ARCH, img_size=(4, 64, 64))
    report = load(tmp_path, judge.state_dict(), net)
    assert report.share == 1.0 and not report.unexpected
    images = torch.randn(1, 3, 4, 64, 64)
    with torch.no_grad():
        _, maps = judge(images, return_intermediates=True)
        assert_same(net.eval()(images)[0], maps[-1].permute(0, 4, 1, 2, 3))
    with pytest.raises(ValueError, match='for clips, the model has a Hiera with embed_dims 16'):
        load(tmp_path, judge.state_dict(), HieraEncoder(dict(ARCH, depths=[1, 2, 1, 2])))


def test_official_class_scores(tmp_path):
    judge = randomised(hiera.Hiera(num_classes=7, **OFFICIAL))
    judge.head.act_func = nn.Identity()
    converted = convert(judge.state_dict()).state_dict
    net = HieraEncoder(ARCH, img_size=64)
    load(tmp_path, judge.state_dict(), net)
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        pooled = net.eval()(images)[0].mean((2, 3))
        weight, bias = (converted[f'neck.norm.{name}'] for name in ('weight', 'bias'))
        normed = nn.functional.layer_norm(pooled, (128,), weight, bias, 1e-6)
        scores = normed @ converted['head.fc.weight'].T + converted['head.fc.bias']
        assert_same(scores, judge(images))


def test_official_class_scores_of_clips():
    """The whole classifier of a config for clips, as tools/test.py fills it from an official file.

    Official nets for clips have the same names as those for images.
    """
    size = (4, 64, 64)
    judge = randomised(hiera.Hiera(num_classes=7, **{**OFFICIAL, **CLIPS, 'input_size': size}))
    config = Config.fromfile(config_file('hiera/hiera_b_video_finetune_k400.py'))
    config.model.backbone.update(arch=ARCH, img_size=size, init_cfg=None)
    config.model.neck.in_channels = config.model.head.in_channels = 128
    config.model.head.num_classes = config.model.data_preprocessor.num_classes = 7
    init_default_scope('mmpretrain')
    model = MODELS.build(config.model)
    weights = translated_weights(model, {'model_state': judge.state_dict()}, 'official.pth')
    assert not model.load_state_dict(weights, strict=False).missing_keys
    clips = torch.randint(256, (2, 3, *size), dtype=torch.uint8)
    batch = dict(inputs=clips, data_samples=[DataSample(), DataSample()])
    samples = model.eval().test_step(batch)
    # Files of videos are read blue first, the official net takes normalised clips, red first.
    mean, deviation = (
        torch.tensor(each).view(1, 3, 1, 1, 1) for each in (config.mean_rgb, config.std_rgb)
    )
    with torch.no_grad():
        expected = judge((clips.flip(1) - mean) / deviation)
    assert_same(torch.stack([each.pred_score for each in samples]), expected)
    assert expected.std() > 0.01  # else any scores would do


def test_official_mae_with_its_decoder(tmp_path):
    judge, model = official_mae(), Pretraining()
    report = load(tmp_path, {'model_state': judge.state_dict()}, model, part='model')
    assert (report.title, report.share) == ('official Hiera MAE', 1.0)
    assert not (report.missing or report.unexpected or report.mismatched or report.not_needed)
    images = torch.randn(2, 3, 64, 64)
    masked = torch.tensor([[True, False, True, True], [False, True, True, True]])
    with torch.no_grad():
        latent, _ = judge.forward_encoder(images, 0.6, mask=~masked)
        expected, _ = judge.forward_decoder(latent, ~masked)
        got = model.eval()(images, masked)
    assert_same(in_raster_order(got), expected)


def in_raster_order(pred):
    """(1, 16, n) of 2x2 units of 2x2 patches, from unit order."""
    return pred.unflatten(1, (2, 2, 2, 2)).transpose(2, 3).flatten(1, 4)


def test_the_papers_fusion_lacks_one_layer_in_official_files(tmp_path):
    model = Pretraining(fused_stages=(0, 1, 2, 3))
    report = load(tmp_path, official_mae().state_dict(), model, part='model')
    assert report.missing == ('neck.fusion.convs.2.weight', 'neck.fusion.convs.2.bias')


def test_timm(tmp_path):
    judge = randomised(
        timm.models.hiera.Hiera(
            img_size=(64, 64), embed_dim=16, num_heads=1, stages=(1, 2, 3, 2), num_classes=5
        )
    )
    net = HieraEncoder(ARCH, img_size=64, out_indices=ALL_STAGES)
    report = load(tmp_path, judge.state_dict(), net)
    assert (report.title, report.share) == ('timm Hiera', 1.0)
    assert not report.unexpected
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        maps = judge.forward_intermediates(images, intermediates_only=True)
        for ours, theirs in zip(net.eval()(images), maps, strict=True):
            assert_same(ours, theirs)


def test_timms_other_net_is_refused(tmp_path):
    other = timm.create_model('hiera_small_abswin_256')
    with pytest.raises(ValueError, match="timm's abs-win Hiera, which is another net"):
        load(tmp_path, other.state_dict(), HieraEncoder('small'))


def test_hugging_face(tmp_path):
    judge = randomised(HieraForImageClassification(HieraConfig(num_labels=4, **HUGGING_FACE)))
    net = HieraEncoder(ARCH, img_size=64)
    report = load(tmp_path, judge.state_dict(), net)
    assert (report.title, report.share) == ('Hugging Face Hiera', 1.0)
    assert not report.unexpected
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        hidden = judge.hiera(images).last_hidden_state
        assert_same(net.eval()(images)[0].flatten(2).transpose(1, 2), hidden)


def test_hugging_face_mae(tmp_path):
    config = HieraConfig(
        num_query_pool=2,
        decoder_hidden_size=32,
        decoder_depth=2,
        decoder_num_heads=2,
        **HUGGING_FACE,
    )
    judge, model = randomised(HieraForPreTraining(config)), Pretraining()
    report = load(tmp_path, judge.state_dict(), model, part='model')
    assert (report.title, report.share) == ('Hugging Face Hiera MAE', 1.0)
    assert not (report.missing or report.unexpected or report.mismatched)
    images, noise = torch.randn(1, 3, 64, 64), torch.tensor([[0.3, 0.1, 0.9, 0.2]])
    with torch.no_grad():
        out = judge(images, noise=noise)
        masked = noise.argsort().argsort() >= 1  # one of four stays
        assert_same(in_raster_order(model.eval()(images, masked)), out.logits)


class TestSAM2:
    @pytest.mark.parametrize('root', ['', 'image_encoder.trunk.'])
    def test_its_encoder(self, tmp_path, root):
        judge = sam_2_encoder().float()
        weights = {}
        for name, tensor in judge.state_dict().items():
            if not name.startswith('head.'):
                name = name.replace('mlp.fc1', 'mlp.layers.0').replace('mlp.fc2', 'mlp.layers.1')
                weights[root + name] = tensor
        if root:
            weights['sam_mask_decoder.iou_token.weight'] = torch.zeros(1)
        net = HieraEncoder(ARCH, out_indices=ALL_STAGES, **SAM_2)
        report = load(tmp_path, {'model': weights}, net)
        assert (report.title, report.share) == ('SAM 2', 1.0)
        assert not report.unexpected
        images = torch.randn(1, 3, 96, 160)
        with torch.no_grad():
            maps = judge.forward_intermediates(images, intermediates_only=True)
            for ours, theirs in zip(net.eval()(images), maps, strict=True):
                assert_same(ours, theirs)

    def test_its_tables_start_a_plain_one(self, tmp_path):
        plain = HieraEncoder(ARCH, img_size=64)
        abs_win = HieraEncoder(ARCH, img_size=64, pos_embed='abs_win')
        weights = sam_2_encoder().float().state_dict()
        report = load(tmp_path, weights, plain)
        assert 'both tables added' in report.resized['pos_embed'] and report.share == 1.0
        assert 'pos_embed_window' in report.not_needed
        load(tmp_path, weights, abs_win)
        images = torch.randn(1, 3, 64, 64)
        with torch.no_grad():
            assert_same(plain.eval()(images)[0], abs_win.eval()(images)[0])

    def test_another_size_of_its_global_table(self, tmp_path):
        net = HieraEncoder(ARCH, global_pos_size=14, **SAM_2)
        report = load(tmp_path, sam_2_encoder().float().state_dict(), net)
        assert 'interpolated' in report.resized['pos_embed'] and report.share == 1.0


class TestPositions:
    def test_a_plain_table_at_another_size(self, tmp_path):
        judge = randomised(hiera.Hiera(**OFFICIAL))
        net = HieraEncoder(ARCH, img_size=96)
        report = load(tmp_path, judge.state_dict(), net)
        assert 'interpolated' in report.resized['pos_embed'] and report.share == 1.0
        naive = HieraEncoder(ARCH, img_size=64)
        load(tmp_path, judge.state_dict(), naive)
        images = torch.randn(1, 3, 96, 96)
        with torch.no_grad():
            assert_same(net.eval()(images)[0], naive.eval()(images)[0])

    def test_abs_win_starts_from_a_plain_table_and_says_how_far_off(self, tmp_path):
        source = HieraEncoder(ARCH, img_size=224, pos_embed='abs_win')
        table = source._positions((56, 56))
        plain = HieraEncoder(ARCH, img_size=224)
        plain.pos_embed.data = table.flatten(2).transpose(1, 2).detach()
        net = HieraEncoder(ARCH, pos_embed='abs_win')
        report = load(tmp_path, plain.state_dict(), net)
        assert report.share == 1.0 and not report.missing
        assert '0.0 % off at 224 px' in report.resized['pos_embed']
        assert_same(net._positions((56, 56)), table)
        noise = HieraEncoder(ARCH, img_size=224)
        report = load(tmp_path, noise.state_dict(), net)
        off = float(report.resized['pos_embed'].split(' % off')[0].split()[-1])
        left = noise.pos_embed.transpose(1, 2).unflatten(2, (56, 56)) - net._positions((56, 56))
        assert off == pytest.approx(100 * float(left.norm() / noise.pos_embed.norm()), abs=0.1)
        assert 90 < off < 100  # noise has next to nothing that repeats or is smooth


def test_back_to_official_names():
    judge = official_mae()
    ours = convert(judge.state_dict())
    back = convert_back(ours.state_dict, 'hiera_mae')
    assert set(back.state_dict) == set(judge.state_dict()) and not back.leftover
    classifier = randomised(hiera.Hiera(**OFFICIAL))
    back = convert_back(convert(classifier.state_dict()).state_dict, 'hiera')
    hiera.Hiera(**OFFICIAL).load_state_dict(back.state_dict)
    for name, tensor in classifier.state_dict().items():
        assert torch.equal(back.state_dict[name], tensor)


def test_our_own_files(tmp_path):
    source = randomised(Pretraining())
    model = Pretraining()
    report = load(tmp_path, {'state_dict': source.state_dict()}, model, part='model')
    assert (report.title, report.share) == ('mmgreen pretraining', 1.0)
    net = HieraEncoder(ARCH, img_size=64, q_pool=3)
    report = load(tmp_path, {'state_dict': source.state_dict()}, net)
    assert report.share == 1.0 and not report.unexpected
    detector = {f'backbone.{name}': x for name, x in net.state_dict().items()}
    report = load(tmp_path, {'state_dict': {**detector, 'rpn_head.x': torch.zeros(1)}}, net)
    assert (report.title, report.share) == ('mmgreen model', 1.0)
    bare = load(tmp_path, net.state_dict(), HieraEncoder(ARCH, img_size=64))
    assert bare.share == 1.0


def test_another_net_is_refused_in_words(tmp_path):
    judge = randomised(hiera.Hiera(**OFFICIAL))
    with pytest.raises(ValueError, match=r'embed_dims 16, depths \[1, 2, 3, 2\], the model has'):
        load(tmp_path, judge.state_dict(), HieraEncoder('tiny', img_size=64))
    vit = timm.create_model('vit_tiny_patch16_224')
    with pytest.raises(
        ValueError, match='holds a ViT with embed_dims 192, 12 layers, the model has'
    ):
        load(tmp_path, vit.state_dict(), HieraEncoder('tiny'))
    other = timm.create_model('resnet18')
    with pytest.raises(ValueError, match='holds no weights that mmgreen knows'):
        load(tmp_path, other.state_dict(), HieraEncoder('tiny'))


def test_sizes_are_told():
    assert HIERA.describe(HieraEncoder(ARCH, img_size=64).state_dict()) == (
        'embed_dims 16, depths [1, 2, 3, 2]'
    )
    assert HIERA.describe({}) is None
