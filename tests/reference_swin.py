"""Swin from its definition, one window and one image at a time; the judge of ``forward_visible``.

Works on the whole token map. Hidden tokens are carried along but never attended to, and there is
no padding at all: a window at the border simply holds fewer tokens.
"""

import torch
import torch.nn.functional as F


def swin_reference(weights, images, masked, *, depths, num_heads, window_size, eps):
    """The four outputs of ``forward_visible`` as maps, and which of their places are visible.

    Args:
        weights: state dict with the names of mmpretrain's SwinTransformer.
        images: (B, 3, H, W), multiples of 32.
        masked: (U,) bool, True = hidden.

    Returns:
        Four pairs of maps (B, h, w, C) and visible places (h, w) bool.
    """
    rows, columns = images.shape[2] // 32, images.shape[3] // 32
    visible_units = ~masked.view(rows, columns)
    results = []
    for image in images:
        tokens = F.conv2d(
            image[None],
            weights['patch_embed.projection.weight'],
            weights['patch_embed.projection.bias'],
            stride=4,
        )[0].permute(1, 2, 0)
        tokens = _norm(tokens, weights, 'patch_embed.norm', eps)
        stages = []
        for i, depth in enumerate(depths):
            side = 8 >> i
            visible = visible_units.repeat_interleave(side, 0).repeat_interleave(side, 1)
            for j in range(depth):
                name = f'stages.{i}.blocks.{j}'
                normed = _norm(tokens, weights, f'{name}.norm1', eps)
                tokens = tokens + _window_attention(
                    normed, visible, weights, f'{name}.attn.w_msa', num_heads[i], window_size, j % 2
                )
                hidden = F.gelu(
                    _linear(
                        _norm(tokens, weights, f'{name}.norm2', eps),
                        weights,
                        f'{name}.ffn.layers.0.0',
                    )
                )
                tokens = tokens + _linear(hidden, weights, f'{name}.ffn.layers.1')
            stages.append((tokens, visible))
            if i < 3:
                tokens = _merge(tokens, weights, f'stages.{i}.downsample', eps)
        last, visible = stages[3]
        stages[3] = (_norm(last, weights, 'norm3', eps), visible)
        results.append(stages)
    return [(torch.stack([stages[i][0] for stages in results]), results[0][i][1]) for i in range(4)]


def _norm(tokens, weights, name, eps):
    return F.layer_norm(
        tokens, tokens.shape[-1:], weights[f'{name}.weight'], weights[f'{name}.bias'], eps
    )


def _linear(tokens, weights, name):
    return F.linear(tokens, weights[f'{name}.weight'], weights[f'{name}.bias'])


def _window_attention(tokens, visible, weights, name, num_heads, window_size, shifted):
    height, width, _ = tokens.shape
    window, shift = window_size, window_size // 2 if shifted else 0
    if min(height, width) <= window_size:
        window, shift = min(height, width), 0
    members = {}
    for row in range(height):
        for column in range(width):
            if visible[row, column]:
                key = tuple(
                    (x + window - shift) // window if shift else x // window for x in (row, column)
                )
                members.setdefault(key, []).append((row, column))
    qkv = _linear(tokens, weights, f'{name}.qkv').view(height, width, 3, num_heads, -1)
    table = weights[f'{name}.relative_position_bias_table']
    out = torch.zeros_like(tokens)
    for places in members.values():
        r, c = torch.tensor(places).T
        q, k, v = qkv[r, c].permute(1, 2, 0, 3)
        offset = (r[:, None] - r + window_size - 1) * (2 * window_size - 1)
        bias = table[offset + c[:, None] - c + window_size - 1].permute(2, 0, 1)
        scores = q @ k.transpose(1, 2) * q.shape[-1] ** -0.5 + bias
        mixed = (scores.softmax(-1) @ v).transpose(0, 1).flatten(1)
        out = out.index_put((r, c), _linear(mixed, weights, f'{name}.proj'))
    return out


def _merge(tokens, weights, name, eps):
    corners = [tokens[i::2, j::2] for i in (0, 1) for j in (0, 1)]
    merged = torch.stack(corners, dim=-1).flatten(2)
    return F.linear(
        _norm(merged, weights, f'{name}.norm', eps), weights[f'{name}.reduction.weight']
    )
