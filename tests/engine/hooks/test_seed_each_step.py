import torch
from mmengine.hooks import Hook
from reference_training import runner

SEEDS = [dict(type='mmgreen.SeedEachStep')]


class TestSeedEachStep:
    def test_every_step_draws_something_else_and_a_second_run_the_same(self, images):
        first, second = (runner(images, SEEDS, name) for name in 'ab')
        for each in (first, second):
            each.train()
        assert len(set(first.model.draws)) == 9
        assert first.model.draws == second.model.draws

    def test_a_resumed_run_draws_what_an_unbroken_one_does(self, images):
        whole = runner(images, SEEDS, 'whole')
        whole.train()
        runner(images, SEEDS, 'parts', epochs=1).train()
        rest = runner(images, SEEDS, 'parts', resume=True)
        rest.train()
        assert rest.model.draws == whole.model.draws[3:]
        assert torch.equal(rest.model.weight, whole.model.weight)

    def test_a_seed_that_nobody_gave_is_resumed_too(self, images):
        files = []

        class Note(Hook):
            def before_train_iter(self, runner, batch_idx, data_batch=None):
                files.append([sample.img_path for sample in data_batch['data_samples']])

        checkpoints = dict(interval=1)
        whole = runner(images, [*SEEDS, Note()], 'whole', seed=None, checkpoints=checkpoints)
        whole.train()
        rest = runner(
            images,
            [*SEEDS, Note()],
            'rest',
            seed=None,
            resume=True,
            load_from=str(images.parent / 'whole/epoch_1.pth'),
        )
        rest.train()
        assert rest.model.draws == whole.model.draws[3:]
        assert files[9:] == files[3:9]

    def test_processes_draw_differently(self, images):
        first, second = (runner(images, SEEDS, name, epochs=1) for name in 'ab')
        second._rank = 1
        for each in (first, second):
            each.train()
        assert not set(first.model.draws) & set(second.model.draws)

    def test_a_test_repeats_its_draws(self, images):
        first, second = (runner(images, SEEDS, name) for name in 'ab')
        torch.rand(7)
        losses = [each.test()['reconstruction_loss'] for each in (first, second)]
        assert len(set(first.model.draws)) == 3
        assert first.model.draws == second.model.draws
        assert losses[0] == losses[1]
