# Pretraining of Hiera-B on clips as the official code has it, without drop path and fusing three
# stages. For tools/analysis_tools/benchmark.py, beside official_hiera_b_video_mae.py.
_base_ = '../hiera/hiera_b_video_pretrain_k400.py'
model = dict(backbone=dict(drop_path_rate=0.0), neck=dict(fused_stages=(0, 1, 3)))
