# Pretraining of Twins-SVT-B with next to nothing hidden (48 of 49 units are visible), the peer of
# greenmim/twins_svt_b_pretrain.py: what a step costs on all tokens.
# For tools/analysis_tools/benchmark.py.
_base_ = '../greenmim/twins_svt_b_pretrain.py'
model = dict(mask_ratio=0.02)
