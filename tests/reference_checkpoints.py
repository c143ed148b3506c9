"""Original models, small and with random weights, and state dicts under their codes' names.

timm's SwinTransformer stands for Microsoft's: it computes the same, and reads Microsoft's files
after renaming three things, which are renamed back here.
"""

import argparse
import re

import torch
from timm.models.swin_transformer import SwinTransformer
from timm.models.vision_transformer import Block
from torch import nn

from mmgreen.nets.decoder import MaskedDecoder
from mmgreen.nets.swin import SwinEncoder

ARCH = {'embed_dims': 16, 'depths': [2, 2, 2, 2], 'num_heads': [1, 2, 4, 8]}
DECODER = {'embed_dim': 32, 'depth': 2, 'num_heads': 4}


class Model(nn.Module):
    """What ``part='model'`` asks of a model: a backbone and a neck."""

    def __init__(self, img_size=224, window_size=7, **decoder):
        super().__init__()
        self.backbone = small_swin(window_size)
        self.neck = MaskedDecoder(128, img_size=img_size, norm_eps=1e-5, **{**DECODER, **decoder})


def small_swin(window_size=7, **options):
    """Our encoder at the size of :data:`ARCH`, in evaluation mode."""
    return SwinEncoder(ARCH, window_size=window_size, **options).eval()


def original_swin(window_size=7, img_size=224, num_classes=5):
    """timm's Swin of the same size with random weights, in evaluation mode."""
    model = SwinTransformer(
        img_size=img_size,
        window_size=window_size,
        embed_dim=ARCH['embed_dims'],
        depths=ARCH['depths'],
        num_heads=ARCH['num_heads'],
        num_classes=num_classes,
    )
    return randomised(model.eval())


def original_maps(model, images):
    """The last map of timm's Swin after its norm, (B, C, h, w)."""
    with torch.no_grad():
        return model.forward_features(images).permute(0, 3, 1, 2)


def randomised(model):
    """The model with all parameters drawn anew, so that no two are alike and none is zero."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.1)
    return model


def official_names(model):
    """The weights of timm's Swin as Microsoft's code names and stores them."""
    weights = {}
    for name, tensor in model.state_dict().items():
        name = re.sub(r'layers\.(\d)\.downsample', previous_stage, name)
        weights[name.replace('head.fc.', 'head.')] = tensor
        if name.endswith('relative_position_bias_table'):
            window = (int(len(tensor) ** 0.5) + 1) // 2
            weights[name.replace('bias_table', 'index')] = slow_index(window)
    weights['layers.0.blocks.1.attn_mask'] = torch.zeros(64, 49, 49)
    return weights


def previous_stage(found):
    """Microsoft merges patches at the end of a stage, timm at the start of the next."""
    return f'layers.{int(found[1]) - 1}.downsample'


def slow_index(window):
    """Rows of the bias table, pair by pair, as the Swin paper defines them."""
    places = [(row, column) for row in range(window) for column in range(window)]
    return torch.tensor(
        [
            [(r - s + window - 1) * (2 * window - 1) + (c - d + window - 1) for s, d in places]
            for r, c in places
        ]
    )


def row_first(weights):
    """Microsoft's weights as a code stores them that concatenates (0,0), (0,1), (1,0), (1,1)."""
    changed = dict(weights)
    for name, tensor in weights.items():
        if '.downsample.' in name:
            upper_left, lower_left, upper_right, lower_right = tensor.chunk(4, dim=-1)
            blocks = (upper_left, upper_right, lower_left, lower_right)
            changed[name] = torch.cat(blocks, dim=-1)
    return changed


class OriginalDecoder(nn.Module):
    """MAE's decoder with its names, for a batch that shares one choice of hidden patches."""

    def __init__(self, in_channels=128, patches=49):
        super().__init__()
        dim = DECODER['embed_dim']
        self.decoder_embed = nn.Linear(in_channels, dim)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.decoder_pos_embed = nn.Parameter(torch.zeros(1, patches, dim), requires_grad=False)
        self.decoder_blocks = nn.ModuleList(
            Block(dim, DECODER['num_heads'], qkv_bias=True, norm_layer=nn.LayerNorm)
            for _ in range(DECODER['depth'])
        )
        self.decoder_norm = nn.LayerNorm(dim)
        self.decoder_pred = nn.Linear(dim, 32 * 32 * 3)

    def forward(self, visible_tokens, masked):
        """(B, V, in_channels) tokens and (P,) bool, True = hidden, to (B, P, 3072)."""
        tokens = self.mask_token.repeat(len(visible_tokens), len(masked), 1)
        tokens[:, ~masked] = self.decoder_embed(visible_tokens)
        tokens = tokens + self.decoder_pos_embed
        for block in self.decoder_blocks:
            tokens = block(tokens)
        return self.decoder_pred(self.decoder_norm(tokens))


def official_greenmim(swin, decoder):
    """The content of an official GreenMIM file with these weights, patch merging row first."""
    encoder = {
        name: tensor
        for name, tensor in row_first(official_names(swin)).items()
        if not name.startswith('head.')
    }
    return {
        'model': {**{f'encoder.{n}': x for n, x in encoder.items()}, **decoder.state_dict()},
        'optimizer': {'state': {}, 'param_groups': [{'lr': 1e-4}]},
        'epoch': 799,
        'scaler': {'scale': 65536.0},
        'args': argparse.Namespace(model='green_mim', epochs=800),
    }


def official_simmim(swin):
    """The content of an official SimMIM file: a Swin with a mask token, a one-layer decoder."""
    encoder = {n: x for n, x in official_names(swin).items() if not n.startswith('head.')}
    return {
        'model': {
            **{f'encoder.{name}': tensor for name, tensor in encoder.items()},
            'encoder.mask_token': torch.zeros(1, 1, 16),
            'decoder.0.weight': torch.zeros(3072, 128, 1, 1),
            'decoder.0.bias': torch.zeros(3072),
        },
        'epoch': 99,
    }
