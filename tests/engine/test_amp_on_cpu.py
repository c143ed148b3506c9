import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmgreen.engine import amp_on_cpu
from mmgreen.engine.amp_on_cpu import AmpOnCpuOptimWrapper, processor_flags


def step(make):
    """The loss of a step, the type that it computed in, and the weights after it."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 8))
    images = torch.randn(16, 64)
    wrapper = make(torch.optim.SGD(net.parameters(), lr=0.1))
    with wrapper.optim_context(net):
        output = net(images)
        loss = output.float().square().mean()
    wrapper.update_params(loss)
    return loss.item(), output.dtype, net[0].weight.detach()


def test_a_step_equals_that_of_float32_within_the_precision_of_bfloat16():
    loss, kind, weights = step(AmpOnCpuOptimWrapper)
    expected, plain_kind, exact = step(OptimWrapper)
    assert (kind, plain_kind) == (torch.bfloat16, torch.float32)
    assert loss != expected and loss == pytest.approx(expected, rel=2**-7)
    assert weights.dtype == torch.float32
    assert (weights - exact).abs().max() < 2e-4 < exact.abs().max()


@pytest.mark.parametrize('kind', ['float16', 'float32'])
def test_other_types_are_refused(kind):
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    with pytest.raises(ValueError, match=f'as bfloat16 only, not as {kind}'):
        AmpOnCpuOptimWrapper(optimizer, dtype=kind)


@pytest.mark.parametrize(
    ('text', 'flags'),
    [
        ('model name\t: X\nflags\t\t: fpu avx512_bf16\n\nflags\t\t: fpu', {'fpu', 'avx512_bf16'}),
        ('Features\t: fp bf16\n', {'fp', 'bf16'}),
        ('', set()),
    ],
)
def test_what_linux_says_of_a_processor(text, flags, tmp_path):
    (tmp_path / 'cpuinfo').write_text(text)
    assert processor_flags(str(tmp_path / 'cpuinfo')) == flags
    assert processor_flags(str(tmp_path / 'none')) == set()


@pytest.mark.parametrize(('flags', 'warned'), [({'amx_bf16'}, False), ({'avx2'}, True)])
def test_a_processor_without_the_instructions_is_named(flags, warned, monkeypatch):
    said = []
    monkeypatch.setattr(amp_on_cpu, 'processor_flags', lambda: flags)
    monkeypatch.setattr(amp_on_cpu, 'print_log', lambda text, **_: said.append(text))
    AmpOnCpuOptimWrapper(torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1))
    assert [True for text in said if 'no instructions for bfloat16' in text] == [True] * warned
