import argparse
import collections
import os
import sys
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import Runner, load_checkpoint
from mmengine.runner.checkpoint import _load_checkpoint
from safetensors.torch import save_file
from yacs.config import CfgNode

from mmgreen.checkpoints.reading import read_checkpoint
from mmgreen.checkpoints.unpickling import InertDict, InertObject
from mmgreen.errors import InputError

WEIGHTS = {'a': torch.arange(6.0).view(2, 3), 'b': torch.ones(2, dtype=torch.bfloat16)}


@pytest.fixture(params=[True, False], ids=['zip', 'legacy'])
def save(request, tmp_path):
    """Saves an object in one of torch's two file formats; returns the path."""

    def save_object(content, name='file.pth'):
        path = tmp_path / name
        torch.save(content, path, _use_new_zipfile_serialization=request.param)
        return path

    return save_object


def assert_same_weights(read):
    assert set(read) == set(WEIGHTS)
    for name, tensor in WEIGHTS.items():
        assert read[name].dtype == tensor.dtype
        assert torch.equal(read[name], tensor)


def test_plain_weights(save):
    assert_same_weights(read_checkpoint(save(WEIGHTS)))


def test_namespace_becomes_its_values(save):
    read = read_checkpoint(save({'model': WEIGHTS, 'args': argparse.Namespace(lr=0.1, tags=['x'])}))
    assert_same_weights(read['model'])
    assert type(read['args']) is InertObject
    assert read['args'].values == {'lr': 0.1, 'tags': ['x']}


def test_yacs_config_becomes_a_dict(save):
    config = CfgNode({'MODEL': {'NAME': 'swin', 'DEPTHS': [2, 2]}})
    config.freeze()
    read = read_checkpoint(save({'model': WEIGHTS, 'config': config}))
    assert_same_weights(read['model'])
    assert read['config'] == {'MODEL': {'NAME': 'swin', 'DEPTHS': [2, 2]}}
    assert type(read['config']['MODEL']) is InertDict


def test_log_history_becomes_its_values(save):
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    read = read_checkpoint(save({'state_dict': WEIGHTS, 'message_hub': {'loss': history}}))
    assert_same_weights(read['state_dict'])
    assert type(read['message_hub']['loss']).__module__ == 'mmgreen.checkpoints.unpickling'
    assert read['message_hub']['loss'].values['_log_history'].tolist() == [1.0, 2.0]


class Toy(BaseModel):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 1)

    def forward(self, inputs, mode):
        return {'loss': self.linear(inputs).mean()}


def test_what_the_runner_saves(tmp_path):
    runner = Runner(
        Toy(),
        str(tmp_path),
        train_dataloader={
            'dataset': list(torch.rand(4, 1, 2)),
            'batch_size': 1,
            'collate_fn': lambda samples: {'inputs': torch.cat(samples)},
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
        },
        train_cfg={'by_epoch': True, 'max_epochs': 1},
        optim_wrapper={'optimizer': {'type': 'AdamW', 'lr': 0.1}},
        param_scheduler=[{'type': 'MultiStepLR', 'milestones': [1]}],
        custom_hooks=[{'type': 'EMAHook', 'momentum': 0.5}],
        default_hooks={'checkpoint': {'type': 'CheckpointHook', 'interval': 1}},
        experiment_name='toy',
    )
    runner.train()
    read = read_checkpoint(tmp_path / 'epoch_1.pth')
    assert {'meta', 'state_dict', 'message_hub', 'optimizer', 'param_schedulers'} <= set(read)
    raw, averaged = runner.model.linear.weight, read['state_dict']['linear.weight']
    assert torch.equal(read['ema_state_dict']['module.linear.weight'], raw)
    assert not torch.equal(averaged, raw)


def test_numpy_and_containers(save):
    content = {
        'scalar': np.float64(0.5),
        'whole': np.int64(3),
        'array': np.arange(4).reshape(2, 2),
        'milestones': collections.Counter([700]),
        'ordered': collections.OrderedDict(a=1),
        'nested': collections.defaultdict(dict, a={}),
        'set': {1, 2},
        'dtype': torch.float16,
        'size': torch.Size([1, 2]),
        'device': torch.device('cpu'),
        'parameter': torch.nn.Parameter(torch.ones(2)),
        'args': argparse.Namespace(),
    }
    read = read_checkpoint(save(content))
    assert np.array_equal(read.pop('array'), content.pop('array'))
    assert torch.equal(read.pop('parameter'), content.pop('parameter'))
    del read['args'], content['args']
    assert read == content
    assert [type(value) for value in read.values()] == [type(x) for x in content.values()]


class Command:
    """An object whose reading would run a command."""

    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return os.system, (f'touch {self.witness}',)


@pytest.mark.parametrize('beside', [None, argparse.Namespace()], ids=['alone', 'beside_known'])
def test_a_command_in_the_file_is_not_run(save, tmp_path, beside):
    witness = tmp_path / 'ran'
    path = save({'args': beside, 'model': WEIGHTS, 'x': Command(witness)})
    with pytest.raises(ValueError, match=r'file\.pth was not read because it asks for \w+\.system'):
        read_checkpoint(path)
    assert not witness.exists()
    torch.load(path, weights_only=False)
    assert witness.exists()  # the file does run it for whoever lets it


class GetAttribute:
    """An object that reaches for an attribute of something known."""

    def __reduce__(self):
        return getattr, (collections.OrderedDict, 'fromkeys')


class Decoded:
    """An object that calls a codec other than the one of pickled bytes."""

    def __reduce__(self):
        import _codecs

        return _codecs.encode, ('text', 'rot13')


@pytest.mark.parametrize(
    ('thing', 'name'),
    [
        (GetAttribute(), 'builtins.getattr'),
        (Decoded(), '_codecs.encode'),
        (torch.nn.Linear(1, 1), 'torch.nn.modules.linear.Linear'),
        (HistoryBuffer, None),
        (eval, 'eval'),
    ],
    ids=['getattr', 'codec', 'module', 'class', 'eval'],
)
def test_other_objects_are_refused_by_name(save, thing, name):
    path = save({'model': WEIGHTS, 'thing': thing, 'args': argparse.Namespace()})
    if name is None:  # a known class by itself is harmless
        assert read_checkpoint(path)['thing'] is not thing
        return
    with pytest.raises(ValueError, match=f'asks for .*{name}'):
        read_checkpoint(path)


def test_safetensors_by_content_not_by_name(tmp_path):
    save_file(WEIGHTS, tmp_path / 'weights.bin')
    assert_same_weights(read_checkpoint(tmp_path / 'weights.bin'))


def test_safetensors_is_not_installed(tmp_path, monkeypatch):
    save_file(WEIGHTS, tmp_path / 'weights.safetensors')
    monkeypatch.setitem(sys.modules, 'safetensors', None)
    with pytest.raises(ValueError, match='pip install safetensors'):
        read_checkpoint(tmp_path / 'weights.safetensors')


def test_torch_file_named_safetensors(save):
    assert_same_weights(read_checkpoint(save(WEIGHTS, 'weights.safetensors')))


def test_damaged_safetensors(tmp_path):
    save_file(WEIGHTS, tmp_path / 'whole.safetensors')
    content = (tmp_path / 'whole.safetensors').read_bytes()
    (tmp_path / 'half.safetensors').write_bytes(content[:-3])
    with pytest.raises(ValueError, match='damaged safetensors'):
        read_checkpoint(tmp_path / 'half.safetensors')


@pytest.mark.parametrize('beside', [{}, {'args': argparse.Namespace(x=1)}], ids=['plain', 'args'])
def test_cut_off_anywhere(save, tmp_path, beside):
    content = save({'model': {'w': torch.rand(64, 64)}, **beside}).read_bytes()
    for length in (5, 17, 100, 600, 3000, len(content) // 2, len(content) - 70, len(content) - 1):
        (tmp_path / 'part.pth').write_bytes(content[:length])
        with pytest.raises(
            InputError, match=r'part\.pth \([\d,]+ bytes\) cannot be read to its end'
        ):
            read_checkpoint(tmp_path / 'part.pth')


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'is empty'),
        (b'\n <!DOCTYPE html>\n<html>Sign in</html>', 'is a web page'),
        (b'<html><body>quota exceeded</body></html>', 'is a web page'),
        (b'version https://git-lfs.github.com/spec/v1\noid sha256:0', 'Git LFS pointer'),
        (b'not found', 'is no checkpoint'),
        (b'\x93NUMPY\x01\x00', 'is no checkpoint'),
    ],
)
def test_other_files(tmp_path, content, message):
    (tmp_path / 'x.pth').write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_checkpoint(tmp_path / 'x.pth')


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'There is no checkpoint .*gone\.pth'):
        read_checkpoint(tmp_path / 'gone.pth')
    with pytest.raises(IsADirectoryError, match='is a folder'):
        read_checkpoint(tmp_path)
    with pytest.raises(ValueError, match='download the file'):
        read_checkpoint('https://example.org/x.pth')


def test_home_folder(save, tmp_path, monkeypatch):
    save(WEIGHTS)
    monkeypatch.setenv('HOME', str(tmp_path))
    assert_same_weights(read_checkpoint('~/file.pth'))


def test_something_that_is_no_dict(save):
    with pytest.raises(ValueError, match='holds a Tensor, not a dict'):
        read_checkpoint(save(torch.ones(1)))


def test_programs_are_refused(tmp_path):
    torch.save(WEIGHTS, tmp_path / 'program.pt')
    with zipfile.ZipFile(tmp_path / 'program.pt', 'a') as archive:
        archive.writestr('program/constants.pkl', b'')  # by this name torch.load tells programs
    with pytest.raises(ValueError, match='TorchScript'):
        read_checkpoint(tmp_path / 'program.pt')


def test_archives_that_unpack_to_disk_are_refused(tmp_path):
    (tmp_path / 'storages').write_bytes(b'')
    with tarfile.open(tmp_path / 'old.pth', 'w', format=tarfile.GNU_FORMAT) as archive:
        archive.add(tmp_path / 'storages', arcname='\udc80')  # begins with the byte of a pickle
    with pytest.raises(ValueError, match='tar format that torch wrote'):
        read_checkpoint(tmp_path / 'old.pth')


class TestAsMmengineReads:
    """mmengine's own loading: load_from, --resume, tests, inferencers."""

    def test_the_log_history_can_be_gone_on_with(self, save):
        history = HistoryBuffer([1.0, 2.0], [1, 1])
        hub = dict(log_scalars=dict(loss=history), runtime_info={}, resumed_keys={})
        read = _load_checkpoint(str(save({'state_dict': WEIGHTS, 'message_hub': hub})))
        assert_same_weights(read['state_dict'])
        buffer = read['message_hub']['log_scalars']['loss']
        buffer.update(6.0)
        assert isinstance(buffer, HistoryBuffer) and buffer.mean() == 3.0

    def test_no_code_is_run(self, save, tmp_path):
        path = save({'state_dict': WEIGHTS, 'extra': ShellLine(f'touch {tmp_path / "was_run"}')})
        with pytest.raises(ValueError, match=r'asks for (posix|nt)\.system'):
            _load_checkpoint(str(path))
        model = torch.nn.Linear(1, 1)
        with pytest.raises(ValueError, match=r'asks for (posix|nt)\.system'):
            load_checkpoint(model, str(path))
        assert not (tmp_path / 'was_run').exists()

    def test_what_is_cut_off_is_said_in_a_sentence(self, save):
        path = save({'state_dict': WEIGHTS})
        path.write_bytes(path.read_bytes()[:-200])
        with pytest.raises(InputError, match='cannot be read to its end'):
            _load_checkpoint(str(path))


class ShellLine:
    def __init__(self, line):
        self.line = line

    def __reduce__(self):
        return os.system, (self.line,)
