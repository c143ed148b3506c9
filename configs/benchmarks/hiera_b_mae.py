# Pretraining of Hiera-B as the official code has it, without drop path and fusing three stages. For
# tools/analysis_tools/benchmark.py, beside those of the same name with a prefix.
_base_ = '../hiera/hiera_b_pretrain.py'
model = dict(backbone=dict(drop_path_rate=0.0), neck=dict(fused_stages=(0, 1, 3)))
