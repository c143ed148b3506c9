import pytest
import torch
from mmengine.model import BaseTTAModel
from reference_training import Toy, loader, log_of, runner

from mmgreen.datasets.errors import DataError
from mmgreen.engine.hooks.checkpoint_must_fit import whole_model
from mmgreen.errors import InputError

MUST_FIT = [dict(type='mmgreen.CheckpointMustFit')]


def named(images, *classes):
    """A loader of data with these classes."""
    made = loader(images, shuffle=False)
    made['dataset']['metainfo'] = dict(classes=classes)
    return made


class TestCheckpointMustFit:
    @pytest.mark.parametrize('content', [{}, {'weight': torch.ones(5)}, {'module.weight': 3}])
    def test_refuses_what_leaves_a_parameter_random(self, images, content):
        path = images.parent / 'other.pth'
        torch.save({'state_dict': content}, path)
        tested = runner(images, MUST_FIT, load_from=str(path))
        with pytest.raises(InputError, match=f'{path} does not fit.*1 of 1 parameters.*weight'):
            tested.test()

    @pytest.mark.parametrize(
        'content',
        [
            {'state_dict': {'module.weight': torch.full((3,), 2.0)}},
            {'state_dict': {'weight': torch.full((3,), 2.0)}},
            {'model': {'weight': torch.full((3,), 2.0)}, 'meta': {}},
            {'weight': torch.full((3,), 2.0)},
            {'net._orig_mod.weight': torch.full((3,), 2.0)},
        ],
    )
    def test_takes_what_fits(self, images, content):
        path = images.parent / 'mine.pth'
        torch.save(content, path)
        tested = runner(images, MUST_FIT, load_from=str(path))
        tested.test()
        assert tested.model.weight.tolist() == [2.0] * 3

    def test_looks_inside_of_augmented_tests(self):
        class Merged(BaseTTAModel):
            def merge_preds(self, data_samples_list):
                return data_samples_list[0]

        model = Toy()
        assert whole_model(Merged(model)) is model


class TestClasses:
    def save(self, images, **meta):
        path = images.parent / 'trained.pth'
        meta |= dict(dataset_meta=dict(classes=('cat', 'dog')))
        torch.save(dict(state_dict=dict(weight=torch.ones(3)), meta=meta), path)
        return str(path)

    def test_another_order_ends_a_test(self, images):
        path = self.save(images)
        data = named(images, 'dog', 'cat')
        tested = runner(images, MUST_FIT, load_from=path, test_dataloader=data)
        with pytest.raises(DataError, match=r"the test data have \('dog', 'cat'\): the order is"):
            tested.test()

    def test_another_order_ends_a_resume(self, images):
        path = self.save(images, epoch=1, iter=3)
        data = named(images, 'dog', 'cat')
        resumed = runner(
            images, MUST_FIT, load_from=path, resume=True, train_dataloader=data, epochs=2
        )
        with pytest.raises(DataError, match=r"the training data have \('dog', 'cat'\): the order"):
            resumed.train()

    def test_other_names_are_warned_of(self, images):
        path = self.save(images)
        data = named(images, 'fox', 'hen')
        tested = runner(images, MUST_FIT, load_from=path, test_dataloader=data)
        tested.test()
        assert "('fox', 'hen'). Other names" in log_of(tested)

    def test_the_same_are_not(self, images):
        path = self.save(images)
        data = named(images, 'cat', 'dog')
        tested = runner(images, MUST_FIT, load_from=path, test_dataloader=data)
        tested.test()
        assert 'Other names' not in log_of(tested)

    def test_weights_alone_are_nothing_to_resume(self, images):
        path = images.parent / 'bare.pth'
        torch.save(dict(weight=torch.ones(3)), path)
        resumed = runner(images, MUST_FIT, load_from=str(path), resume=True)
        with pytest.raises(DataError, match='weights alone.*load_from='):
            resumed.train()


class TestConfig:
    """What was trained is what is tested, or it is said."""

    def train(self, images):
        facts = [dict(type='mmgreen.StoreFacts')]
        made = runner(images, facts, epochs=1, test_dataloader=loader(images))
        made.train()
        return str(images.parent / 'run/epoch_1.pth')

    def log_of_a_test(self, images, path, *steps):
        data = loader(images, shuffle=False)
        data['dataset']['pipeline'][1:1] = steps
        tested = runner(images, MUST_FIT, 'test', load_from=path, test_dataloader=data)
        tested.test()
        return log_of(tested)

    def test_differences_are_said(self, images):
        resize = dict(type='mmpretrain.Resize', scale=20)
        path = self.train(images)
        assert 'pipeline: nothing trained, Resize now' in self.log_of_a_test(images, path, resize)

    def test_the_same_is_not(self, images):
        assert 'trained with other values' not in self.log_of_a_test(images, self.train(images))
