# The official masked autoencoder of Hiera-B for clips (pip install hiera-transformer), the peer of
# hiera_b_video_mae.py: only its model, for tools/analysis_tools/benchmark.py.
model = dict(type='hiera.mae_hiera_base_16x224', pretrained=False)
