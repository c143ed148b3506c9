"""Reading, recognising, converting and loading checkpoints of every code that we know."""

from mmgreen.checkpoints.decoder import has_decoder
from mmgreen.checkpoints.formats import convert, convert_back, weights_in
from mmgreen.checkpoints.loading import load_pretrained, warn_random_start
from mmgreen.checkpoints.reading import read_checkpoint
from mmgreen.checkpoints.whole_model import own_weights
from mmgreen.checkpoints.writing import convert_file

__all__ = [
    'convert',
    'convert_back',
    'convert_file',
    'has_decoder',
    'load_pretrained',
    'own_weights',
    'read_checkpoint',
    'warn_random_start',
    'weights_in',
]
