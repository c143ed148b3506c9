"""Registered classes: what a config names as ``mmgreen.X``."""

from mmgreen.models.backbones import GreenSwin, GreenTwins, Hiera
from mmgreen.models.necks import PooledNorm, SimpleFeaturePyramid
from mmgreen.models.pretrain import MaskedAutoencoder, MIMDecoder, MIMHead, Reconstruction
from mmgreen.models.vitdet import ViTDet

__all__ = [
    'GreenSwin',
    'GreenTwins',
    'Hiera',
    'MIMDecoder',
    'MIMHead',
    'MaskedAutoencoder',
    'PooledNorm',
    'Reconstruction',
    'SimpleFeaturePyramid',
    'ViTDet',
]
