"""All that makes the demo, its data and its comparison of starts."""

NETS = {'greenmim': 'swin', 'hiera': 'hiera', 'mae': 'vit'}
"""By method, the first word of its configs in configs/demo."""
