"""All that makes the demo and its data, and the same question on survey photographs."""

NETS = {'greenmim': 'swin', 'hiera': 'hiera', 'mae': 'vit'}
"""By method, the first word of its configs in configs/demo."""
SURVEY_METHODS = ('greenmim', 'hiera')
"""Those that configs/survey has."""
