"""Registered classes: what a config names as ``mmgreen.X``."""

from mmgreen.models.backbones import GreenSwin, GreenTwins, Hiera
from mmgreen.models.necks import PooledNorm
from mmgreen.models.pretrain import MaskedAutoencoder, MIMDecoder, MIMHead, Reconstruction

__all__ = [
    'GreenSwin',
    'GreenTwins',
    'Hiera',
    'MIMDecoder',
    'MIMHead',
    'MaskedAutoencoder',
    'PooledNorm',
    'Reconstruction',
]
