"""All that makes the demo and its data."""

NETS = {'greenmim': 'swin', 'hiera': 'hiera', 'mae': 'vit'}
"""By method, the first word of its configs in configs/demo."""
