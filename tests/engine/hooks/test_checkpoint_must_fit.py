import pytest
import torch
from reference_training import runner

MUST_FIT = [dict(type='mmgreen.CheckpointMustFit')]


class TestCheckpointMustFit:
    @pytest.mark.parametrize('content', [{}, {'weight': torch.ones(5)}, {'module.weight': 3}])
    def test_refuses_what_leaves_a_parameter_random(self, images, content):
        path = images.parent / 'other.pth'
        torch.save({'state_dict': content}, path)
        tested = runner(images, MUST_FIT, load_from=str(path))
        with pytest.raises(ValueError, match=f'{path} does not fit.*1 of 1 parameters.*weight'):
            tested.test()

    def test_takes_what_fits(self, images):
        path = images.parent / 'mine.pth'
        torch.save({'state_dict': {'module.weight': torch.full((3,), 2.0)}}, path)
        tested = runner(images, MUST_FIT, load_from=str(path))
        tested.test()
        assert tested.model.weight.tolist() == [2.0] * 3
