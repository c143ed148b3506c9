"""Registered classes: what a config names as ``mmgreen.X``."""

from mmgreen.models.backbones import GreenSwin, GreenTwins, Hiera
from mmgreen.models.baselines import MAE, SimMIM
from mmgreen.models.clip_preprocessor import ClipPreprocessor
from mmgreen.models.masked_autoencoder import MaskedAutoencoder
from mmgreen.models.mim_decoder import MIMDecoder
from mmgreen.models.mim_head import MIMHead
from mmgreen.models.pooled_norm import PooledNorm
from mmgreen.models.pretraining_model import PretrainingModel, Reconstruction
from mmgreen.models.vitdet import SimpleFeaturePyramid, ViTDet

__all__ = [
    'MAE',
    'ClipPreprocessor',
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
