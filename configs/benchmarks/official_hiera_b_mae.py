# The official masked autoencoder of Hiera-B (pip install hiera-transformer), the peer of
# hiera_b_mae.py: only its model, for tools/analysis_tools/benchmark.py.
model = dict(type='hiera.mae_hiera_base_224', pretrained=False, forward=dict(mask_ratio=0.6))
