import pytest

from mmgreen.checkpoints.tables import matches, rename, swap

PAIRS = (
    ('layers.{i}.blocks.{j}.norm.{p}', 'stages.{i}.{j}.norm.{p}'),
    ('token', 'neck.token'),
)


@pytest.mark.parametrize(
    ('name', 'renamed'),
    [
        ('layers.10.blocks.2.norm.bias', 'stages.10.2.norm.bias'),
        ('token', 'neck.token'),
        ('layers.x.blocks.2.norm.bias', None),
        ('layers.1.blocks.2.norm.scale', None),
        ('layersx1.blocks.2.norm.bias', None),
        ('my.token', None),
        ('tokens', None),
    ],
)
def test_rename(name, renamed):
    assert rename(name, PAIRS) == renamed
    if renamed:
        assert rename(renamed, swap(PAIRS)) == name


def test_matches():
    assert matches('head.a.b', ('tail', 'head.{rest}'))
    assert not matches('ahead.b', ('tail', 'head.{rest}'))
