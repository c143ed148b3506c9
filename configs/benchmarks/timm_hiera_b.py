# timm's classifier with Hiera-B, a peer of hiera/hiera_b_finetune.py: only its model, for
# tools/analysis_tools/benchmark.py.
model = dict(type='timm.create_model', model_name='hiera_base_224')
