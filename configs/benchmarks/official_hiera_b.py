# The official classifier with Hiera-B (pip install hiera-transformer), a peer of
# hiera/hiera_b_finetune.py: only its model, for tools/analysis_tools/benchmark.py.
model = dict(type='hiera.hiera_base_224', pretrained=False)
