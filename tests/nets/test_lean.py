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


def plain_attention(qkv, bias):
    q, k, v = qkv
    return ((q @ k.mT) / q.shape[-1] ** 0.5 + bias).softmax(-1) @ v


def test_attention_equals_torchs():
    torch.manual_seed(0)
    qkv = torch.randn(3, 2, 4, 5, 8, dtype=torch.float64)
    bias = torch.randn(1, 4, 5, 5, dtype=torch.float64)
    bias[:, :, 2, :3] = -torch.inf
    check_gradients(attention, plain_attention, (qkv, bias), 1e-9)


def test_attention_without_gradients_is_torchs_kernel():
    qkv, bias = torch.randn(3, 2, 4, 5, 8), torch.randn(1, 4, 5, 5)
    assert torch.equal(attention(qkv, bias), F.scaled_dot_product_attention(*qkv, bias))


def test_gelu_linear_equals_torchs():
    torch.manual_seed(0)
    tensors = [torch.randn(*shape, dtype=torch.float64) for shape in ((2, 3, 5), (4, 5), (4,))]
    judge = lambda hidden, weight, bias: F.linear(F.gelu(hidden), weight, bias)  # noqa: E731
    check_gradients(gelu_linear, judge, tensors, 1e-9)


def test_under_autocast_gradients_keep_the_types_of_torchs():
    torch.manual_seed(0)
    tensors = [torch.randn(*shape) for shape in ((2, 3, 5), (4, 5), (4,))]
    judge = lambda hidden, weight, bias: F.linear(F.gelu(hidden), weight, bias)  # noqa: E731
    attended = torch.randn(3, 2, 4, 5, 8, dtype=torch.bfloat16), torch.randn(1, 4, 5, 5)
    with torch.autocast('cpu', torch.bfloat16):
        check_gradients(gelu_linear, judge, tensors, 5e-2)
        check_gradients(attention, torchs_attention, attended, 5e-2)


def torchs_attention(qkv, bias):
    return F.scaled_dot_product_attention(*qkv, attn_mask=bias.to(qkv.dtype))


def kept(function, *tensors):
    """Bytes of memory that the backward pass keeps alive."""
    storages = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        function(*tensors)
    return sum(storages.values())


def test_attention_keeps_less_than_torchs():
    qkv, bias = leaves(torch.randn(3, 2, 4, 16, 32), torch.randn(1, 4, 16, 16))
    weights = 2 * 4 * 16 * 16 * 4
    assert kept(attention, qkv, bias) == qkv.nbytes + weights
    assert kept(torchs_attention, qkv, bias) > qkv.nbytes + weights


def test_gelu_linear_keeps_less_than_torchs():
    hidden, weight, bias = leaves(torch.randn(64, 40), torch.randn(10, 40), torch.randn(10))
    plain = kept(lambda h, w, b: F.linear(F.gelu(h), w, b), hidden, weight, bias)
    assert plain - kept(gelu_linear, hidden, weight, bias) == hidden.nbytes
