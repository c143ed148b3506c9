"""Registered classes: what a config names as ``mmgreen.X``."""

from mmgreen.models.backbones import GreenSwin, GreenTwins, Hiera
from mmgreen.models.baselines import MAE, SimMIM
from mmgreen.models.necks import PooledNorm, SimpleFeaturePyramid
from mmgreen.models.pretrain import MaskedAutoencoder, MIMDecoder, MIMHead
from mmgreen.models.reconstruction import PretrainingModel, Reconstruction
from mmgreen.models.vitdet import ViTDet

__all__ = [
    'MAE',
    'GreenSwin',
    'GreenTwins',
    'Hiera',
    'MIMDecoder',
    'MIMHead',
    'MaskedAutoencoder',
    'PooledNorm',
    'PretrainingModel',
    'Reconstruction',
    'SimMIM',
    'SimpleFeaturePyramid',
    'ViTDet',
]
