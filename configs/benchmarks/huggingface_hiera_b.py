# The classifier with Hiera-B in transformers, a peer of hiera/hiera_b_finetune.py: only its model,
# for tools/analysis_tools/benchmark.py.
model = dict(
    type='transformers.HieraForImageClassification',
    config=__import__('transformers').HieraConfig(num_labels=1000),
)
