import pytest
import torch
from reference_training import Toy, log_of, runner
from torch import nn

from mmgreen.datasets.errors import DataError

HOOKS = [dict(type='mmgreen.StartMustFit'), dict(type='mmgreen.RunSummary')]


class Larger(Toy):
    """With a head that a file may lack."""

    def __init__(self, size):
        super().__init__()
        self.extra = nn.Parameter(torch.zeros(size))


def start(images, content, model):
    path = images.parent / 'start.pth'
    torch.save(content, path)
    return runner(images, HOOKS, model=model, epochs=1, load_from=str(path))


class TestStartMustFit:
    @pytest.mark.parametrize('content', [{'model': {'patch_embed.bias': torch.ones(3)}}, {}])
    def test_a_file_of_which_nothing_fits_is_refused_before_the_first_step(self, images, content):
        started = start(images, content, Toy())
        with pytest.raises(DataError, match='only 0 % of the parameters of this Toy') as error:
            started.train()
        assert 'model.backbone.init_cfg.checkpoint' in str(error.value)
        assert started.model.steps == 0

    def test_a_tenth_may_be_missing(self, images):
        content = {'module.weight': torch.full((3,), 2.0)}
        with pytest.raises(DataError, match='only 75 %.*; extra is the first'):
            start(images, content, Larger(1)).train()

    def test_the_share_is_shown(self, images):
        content = {'state_dict': {'weight': torch.full((3,), 2.0), 'extra': torch.ones(97)}}
        started = start(images, content, Larger(97))
        started.train()
        assert 'start.pth, 100 % of the parameters (load_from)' in log_of(started)

    def test_what_is_missing_shows_in_the_share(self, images):
        content = {'extra': torch.ones(97)}
        started = start(images, content, Larger(97))
        started.train()
        assert 'start.pth, 97 % of the parameters (load_from)' in log_of(started)
