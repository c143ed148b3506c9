import torch
import torch.nn.functional as F

from mmgreen.nets.lean import attention, gelu_linear


def leaves(*tensors):
    return [tensor.detach().clone().requires_grad_() for tensor in tensors]


def check_gradients(function, judge, tensors, tolerance):
    ours, theirs = leaves(*tensors), leaves(*tensors)
    got, expected = function(*ours), judge(*theirs)
    assert torch.allclose(got, expected, atol=tolerance, rtol=tolerance)
    seed = torch.randn_like(expected)
    got.backward(seed)
    expected.backward(seed)
    for a, b in zip(ours, theirs):
        assert a.grad.dtype == b.grad.dtype
        assert torch.allclose(a.grad, b.grad, atol=tolerance, rtol=tolerance)


def test_attention_equals_torchs():
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 2, 4, 5, 8, dtype=torch.float64)
    bias = torch.randn(1, 4, 5, 5, dtype=torch.float64)
    bias[:, :, 2, :3] = -torch.inf
    judge = lambda q, k, v, bias: ((q @ k.mT) / 8**0.5 + bias).softmax(-1) @ v  # noqa: E731
    check_gradients(attention, judge, (q, k, v, bias), 1e-9)


def test_attention_without_gradients_is_torchs_kernel():
    q, k, v = torch.randn(3, 2, 4, 5, 8)
    bias = torch.randn(1, 4, 5, 5)
    assert torch.equal(attention(q, k, v, bias), F.scaled_dot_product_attention(q, k, v, bias))


def test_gelu_linear_equals_torchs():
    torch.manual_seed(0)
    tensors = [torch.randn(*shape, dtype=torch.float64) for shape in ((2, 3, 5), (4, 5), (4,))]
    judge = lambda hidden, weight, bias: F.linear(F.gelu(hidden), weight, bias)  # noqa: E731
    check_gradients(gelu_linear, judge, tensors, 1e-9)


def test_under_autocast_gradients_keep_the_types_of_torchs():
    torch.manual_seed(0)
    tensors = [torch.randn(*shape) for shape in ((2, 3, 5), (4, 5), (4,))]
    judge = lambda hidden, weight, bias: F.linear(F.gelu(hidden), weight, bias)  # noqa: E731
    with torch.autocast('cpu', torch.bfloat16):
        check_gradients(gelu_linear, judge, tensors, 5e-2)


def test_less_is_kept_for_the_backward_pass():
    def kept(function, *tensors):
        storages = {}
        pack = lambda t: storages.update({t.untyped_storage().data_ptr(): t.nbytes}) or t  # noqa: E731
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            function(*tensors)
        return sum(storages.values())

    hidden, weight, bias = leaves(torch.randn(64, 40), torch.randn(10, 40), torch.randn(10))
    plain = kept(lambda h, w, b: F.linear(F.gelu(h), w, b), hidden, weight, bias)
    assert plain - kept(gelu_linear, hidden, weight, bias) == hidden.nbytes
