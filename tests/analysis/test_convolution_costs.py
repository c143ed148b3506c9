import torch

from mmgreen.analysis.benchmark import Setting
from mmgreen.analysis.convolution_costs import MASK_RATIOS, compare_convolutions, table

CONFIG = """
sizes = dict(patch_sizes=[4, 2, 2, 2], strides=[4, 2, 2, 2], sr_ratios=[8, 4, 2, 1])
model = dict(
    type='mmgreen.MaskedAutoencoder',
    backbone=dict(
        type='mmgreen.GreenTwins',
        arch=dict(
            embed_dims=[8] * 4, depths=[1] * 4, num_heads=[1] * 4, mlp_ratios=[1] * 4, **sizes
        ),
    ),
    neck=dict(type='mmgreen.MIMDecoder', in_channels=8, embed_dim=16, num_heads=2, img_size=128),
    head=dict(type='mmgreen.MIMHead'),
)
"""


def test_every_stage_and_ratio_is_measured(tmp_path):
    (tmp_path / 'twins.py').write_text(CONFIG)
    setting = Setting('train', 2, (128, 128), torch.device('cpu'), torch.float32)
    figures = list(compare_convolutions(str(tmp_path / 'twins.py'), setting, turns=2))
    assert [(f.stage, f.mask_ratio) for f in figures] == [
        (stage, ratio) for stage in range(4) for ratio in MASK_RATIOS
    ]
    first = [f.megabytes for f in figures[:4]]
    assert all(f.sparse.low > 0 and f.dense.low > 0 for f in figures)
    assert [sparse for sparse, _ in first] == sorted((s for s, _ in first), reverse=True)
    assert first[0][0] > 1.5 * first[2][0] and len({dense for _, dense in first}) == 1
    assert table(figures).count('\n') == 17
