# The masked autoencoder of Hiera-B in transformers, a peer of hiera_b_mae.py: only its model, for
# tools/analysis_tools/benchmark.py.
model = dict(
    type='transformers.HieraForPreTraining',
    config=__import__('transformers').HieraConfig(
        num_query_pool=2, decoder_hidden_size=512, decoder_depth=8, decoder_num_heads=16
    ),
)
