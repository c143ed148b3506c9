# GreenMIM pretraining of Swin-B with a mask for each image, beside greenmim/swin_b_pretrain.py, for
# tools/analysis_tools/benchmark.py.
_base_ = '../greenmim/swin_b_pretrain.py'
model = dict(shared_mask=False)
