import torch
from reference_training import log_of, runner

SUMMARY = [dict(type='mmgreen.RunSummary')]


class TestRunSummary:
    def test_says_what_lets_a_run_be_trusted(self, images):
        (images / 'notes.txt').write_text('')
        trained = runner(
            images,
            SUMMARY,
            epochs=2,
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.2), accumulative_counts=2),
            auto_scale_lr=dict(enable=False, base_batch_size=16),
            checkpoints=dict(interval=2, max_keep_ckpts=3),
        )
        trained.train()
        summary = log_of(trained).split('This training:')[1]
        for line in (
            f'12 found in {images}; 1 other files',
            '4 images x 1 process x 2 batches before each step = 8; 3 batches an epoch, 2 epochs',
            '0.2, as written for a batch of 16; --auto-scale-lr would make it 0.1',
            'random; 0.0 M parameters, all trained',
            f'{trained.work_dir}, logs in {trained.log_dir}',
            'a checkpoint every 2 epochs (the last 3 are kept)',
            f'torch {torch.__version__}',
        ):
            assert line in summary
        assert summary.index('learning rate') < summary.index('Epoch(train)')

    def test_says_when_the_rate_was_scaled_and_the_run_resumed(self, images):
        scaling = dict(auto_scale_lr=dict(enable=True, base_batch_size=16))
        runner(images, SUMMARY, epochs=1, **scaling).train()
        resumed = runner(images, SUMMARY, resume=True, **scaling)
        resumed.train()
        summary = log_of(resumed).split('This training:')[-1]
        assert '0.00025, that is 0.001 of the config x 0.25 (scaled)' in summary
        assert 'resumed after epoch 1 (step 3)' in summary

    def test_counts_unreadable_images_once(self, images):
        (images / '03.png').write_bytes(b'')
        trained = runner(images, SUMMARY, epochs=3)
        trained.train()
        assert log_of(trained).count('1 of 12 images could not be read so far') == 1

    def test_a_test_says_what_it_tests(self, images):
        (images / '03.png').write_bytes(b'')
        tested = runner(images, SUMMARY)
        tested.test()
        log = log_of(tested)
        assert f'12 found in {images}' in log.split('This test:')[1]
        assert '1 of 12 images could not be read' in log

    def test_warns_where_nothing_will_be_learned(self, images):
        optimizer = dict(optimizer=dict(type='AdamW', lr=1e-6))
        trained = runner(images, SUMMARY, 'slow', epochs=1, optim_wrapper=optimizer)
        trained.train()
        assert '3 steps at a rate of at most 1e-06 move no weight' in log_of(trained)
