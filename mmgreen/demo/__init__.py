"""All that makes the demo and its data, and the same question on survey photographs."""

NETS = {'greenmim': 'swin', 'hiera': 'hiera', 'mae': 'vit'}
"""By method, the first word of its configs in configs/demo."""
DEMO_METHODS = (*NETS, 'video')
"""Those that ``make demo`` has; the last one is Hiera on clips."""
SURVEY_METHODS = ('greenmim', 'hiera')
"""Those that configs/survey has."""
