import subprocess

import pytest
import torch
from reference_checkpoints import (
    Model,
    OriginalDecoder,
    official_greenmim,
    official_names,
    original_swin,
    small_swin,
)
from repository import ROOT
from safetensors.torch import save_file

from mmgreen.checkpoints.loading import load_pretrained
from mmgreen.checkpoints.writing import convert_file, summary

TOOL = ROOT / 'tools' / 'model_converters' / 'convert_checkpoint.py'


def is_plain(value):
    if isinstance(value, dict):
        return type(value) is dict and all(map(is_plain, value.values()))
    return type(value) in (str, int, float, torch.Tensor)


@pytest.fixture
def greenmim(tmp_path):
    torch.save(official_greenmim(original_swin(), OriginalDecoder()), tmp_path / 'official.pth')
    return tmp_path / 'official.pth'


def test_official_to_ours(greenmim, tmp_path):
    read, written = convert_file(greenmim, tmp_path / 'new' / 'ours.pth')
    content = torch.load(tmp_path / 'new' / 'ours.pth', weights_only=True)
    assert is_plain(content)
    assert content['meta']['converted_from'] == 'official.pth'
    assert content['meta']['format'] == 'greenmim'
    Model().load_state_dict(content['state_dict'], strict=True)
    assert set(read.dropped) >= {'optimizer', 'epoch', 'scaler', 'args'}
    assert set(written.state_dict) == set(content['state_dict'])
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['ours.pth']


def test_tensors_are_written_without_what_they_are_views_of(tmp_path):
    weights = small_swin().state_dict()
    weights['norm3.bias'] = torch.zeros(10**6)[:128]
    torch.save(weights, tmp_path / 'large.pth')
    convert_file(tmp_path / 'large.pth', tmp_path / 'small.pth')
    assert (tmp_path / 'small.pth').stat().st_size < (tmp_path / 'large.pth').stat().st_size - 10**6


def test_there_and_back(greenmim, tmp_path):
    convert_file(greenmim, tmp_path / 'ours.pth')
    convert_file(tmp_path / 'ours.pth', tmp_path / 'back.pth', to='greenmim')
    original = torch.load(greenmim, weights_only=False)['model']
    back = torch.load(tmp_path / 'back.pth', weights_only=True)['model']
    assert set(back) == {name for name in original if 'attn_mask' not in name}
    assert all(torch.equal(tensor, original[name]) for name, tensor in back.items())


def test_the_file_and_its_conversion_start_a_model_alike(greenmim, tmp_path):
    convert_file(greenmim, tmp_path / 'ours.pth')
    direct, converted = Model(), Model()
    load_pretrained(direct, greenmim, 'model')
    load_pretrained(converted, tmp_path / 'ours.pth', 'model')
    for name, tensor in direct.state_dict().items():
        assert torch.equal(tensor, converted.state_dict()[name])


@pytest.mark.parametrize('window', [7, 12, 14])
def test_a_cut_window_survives_the_conversion(tmp_path, window):
    save_file(official_names(original_swin(14)), tmp_path / 'official.safetensors')
    convert_file(tmp_path / 'official.safetensors', tmp_path / 'ours.pth')
    weights = torch.load(tmp_path / 'ours.pth', weights_only=True)['state_dict']
    encoder = {n.removeprefix('backbone.'): x for n, x in weights.items() if 'head' not in n}
    small_swin(14).load_state_dict(encoder, strict=True)
    direct, converted = small_swin(window), small_swin(window)
    load_pretrained(direct, tmp_path / 'official.safetensors')
    load_pretrained(converted, tmp_path / 'ours.pth')
    for name, tensor in direct.state_dict().items():
        assert torch.equal(tensor, converted.state_dict()[name]), name


def test_nothing_is_written_when_a_name_is_left_over(greenmim, tmp_path):
    content = torch.load(greenmim, weights_only=False)
    content['model']['encoder.adapter.weight'] = torch.ones(1)
    content['model']['decoder_twin'] = torch.ones(1)
    torch.save(content, greenmim)
    with pytest.raises(
        ValueError, match=r'2 of its names .* encoder\.adapter\.weight, decoder_twin'
    ):
        convert_file(greenmim, tmp_path / 'ours.pth')
    assert not (tmp_path / 'ours.pth').exists()


def test_an_existing_file_survives_an_error(greenmim, tmp_path):
    (tmp_path / 'ours.pth').write_bytes(b'precious')
    with pytest.raises(ValueError, match='must be one of'):
        convert_file(greenmim, tmp_path / 'ours.pth', merge_order='sideways')
    assert (tmp_path / 'ours.pth').read_bytes() == b'precious'


def test_wrong_targets(greenmim, tmp_path):
    with pytest.raises(ValueError, match='into itself'):
        convert_file(greenmim, greenmim)
    with pytest.raises(ValueError, match="to mmgreen, swin, .*twins, not to 'timm'"):
        convert_file(greenmim, tmp_path / 'x.pth', to='timm')


def test_summary(greenmim, tmp_path):
    lines = summary(*convert_file(greenmim, tmp_path / 'ours.pth')).splitlines()
    assert lines[0] == 'format   official GreenMIM'
    assert lines[2].startswith('dropped  5: optimizer, epoch, scaler, args, encoder.layers.0')
    assert 'merge_order=column_first' in lines[4]


@pytest.fixture
def run_tool(python):
    def call(*arguments):
        command = [python, TOOL, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)

    return call


def test_tool(greenmim, tmp_path, run_tool):
    result = run_tool(greenmim, tmp_path / 'swin.pth', '--to', 'swin')
    assert result.returncode == 0, result.stderr
    assert 'official GreenMIM' in result.stdout and 'decoder' not in result.stderr
    weights = torch.load(tmp_path / 'swin.pth', weights_only=True)['model']
    official = official_names(original_swin())
    assert set(weights) == {n for n in official if 'head' not in n and 'attn_mask' not in n}


def test_tool_fails_in_one_sentence(tmp_path, run_tool):
    torch.save({'model': {'conv.weight': torch.ones(1)}}, tmp_path / 'other.pth')
    result = run_tool(tmp_path / 'other.pth', tmp_path / 'x.pth')
    assert result.returncode == 1
    tool = 'tools/model_converters/convert_checkpoint.py'
    sentence = f'{tool}: {tmp_path}/other.pth holds no weights that mmgreen knows'
    assert result.stderr.startswith(sentence)
    assert len(result.stderr.splitlines()) == 1
