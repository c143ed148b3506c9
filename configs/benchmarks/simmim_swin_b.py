# SimMIM on the Swin-B of greenmim/swin_b_pretrain.py, at its size and with its window, for
# tools/analysis_tools/benchmark.py.
_base_ = '../simmim/swin_b_pretrain.py'
model = dict(backbone=dict(img_size=224, stage_cfgs=dict(block_cfgs=dict(window_size=7))))
