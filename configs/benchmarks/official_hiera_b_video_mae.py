# The official masked autoencoder of Hiera-B for clips (pip install hiera-transformer), the peer of
# hiera_b_video_mae.py: only its model, for tools/analysis_tools/benchmark.py. Its ratio comes with
# the clips, and is 0.6, that of images, where none is given.
model = dict(type='hiera.mae_hiera_base_16x224', pretrained=False, forward=dict(mask_ratio=0.9))
