# Pretraining of Hiera-B with histograms of gradients as the target, beside
# hiera/hiera_b_pretrain.py, for tools/analysis_tools/benchmark.py.
_base_ = '../hiera/hiera_b_pretrain.py'
model = dict(head=dict(target='hog'))
