"""The plan of a label curve, with a training that only notes what it is asked for."""

import json
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Event

import pytest
from mmengine.config import Config
from PIL import Image

from mmgreen.analysis import label_curve as module
from mmgreen.analysis.label_curve import Question, Rates, label_curve, read_runs
from mmgreen.apis.endings import Terminated, sigterm_interrupts
from mmgreen.errors import InputError

CONFIG = """
default_scope = 'mmdet'
model = dict(backbone=dict(init_cfg=None))
data_root = {root!r}
train_dataloader = dict(
    batch_size=2,
    sampler=dict(type='DefaultSampler'),
    dataset=dict(
        type='mmgreen.CocoDataset',
        data_root=data_root,
        ann_file='train.json',
        data_prefix=dict(img='images/'),
        metainfo=dict(classes=('cell',)),
    ),
)
val_dataloader = dict(dataset=dict(ann_file='val.json'))
val_evaluator = dict(ann_file='val.json')
train_cfg = dict(max_epochs=3)
optim_wrapper = dict(optimizer=dict(lr=1e-3), paramwise_cfg=dict(layer_decay_rate=1.0))
"""
GRID = [Rates(1e-3, 1.0), Rates(1e-2, 0.8)]


@pytest.fixture
def reports():
    """For a test that wants the report after each training, as users get it."""


@pytest.fixture(autouse=True)
def no_report_unless_asked_for(request, monkeypatch):
    """Its picture takes longer than all else here, and ``test_label_report.py`` judges it."""
    if 'reports' not in request.fixturenames:
        monkeypatch.setattr(module, 'write_report', lambda path: None)


@pytest.fixture
def cfg(tmp_path):
    (tmp_path / 'images').mkdir()
    images, annotations = [], []
    for i in range(12):
        Image.new('RGB', (32, 32)).save(tmp_path / f'images/{i}.png')
        images.append(dict(id=i, file_name=f'{i}.png', width=32, height=32))
        for j in range(i % 3 + 1):
            box = [1 + 5 * j, 2, 4, 5]
            annotations.append(
                dict(id=10 * i + j, image_id=i, category_id=1, bbox=box, area=20, iscrowd=0)
            )
    content = dict(images=images, annotations=annotations, categories=[dict(id=1, name='cell')])
    (tmp_path / 'train.json').write_text(json.dumps(content))
    (tmp_path / 'config.py').write_text(CONFIG.format(root=str(tmp_path)))
    return Config.fromfile(tmp_path / 'config.py')


class Trainer:
    """Scores what a table says, and notes the configs."""

    def __init__(self, score):
        self.score, self.seen = score, []

    def __call__(self, cfg, folder):
        self.seen.append(cfg)
        log = folder / '20260101_000000/vis_data'
        log.mkdir(parents=True, exist_ok=True)
        (folder / 'epoch_3.pth').write_text('weights')
        entry = {'coco/bbox_mAP': self.score(cfg), 'step': 3}
        (log / 'scalars.json').write_text(json.dumps(entry))


def checkpoint_of(cfg):
    return cfg.model.backbone.init_cfg.checkpoint


def question(tmp_path, **changes):
    (tmp_path / 'own.pth').write_text('weights')
    starts = {'none': None, 'own': str(tmp_path / 'own.pth')}
    asked = dict(starts=starts, amounts=[4, None], seeds=range(3), grid=GRID, choose_at=[4])
    return Question(**{**asked, **changes})


def best_at(cfg):
    """Random weights are best at the higher rate, the pretrained ones at the lower."""
    wanted = 1e-3 if checkpoint_of(cfg) else 1e-2
    return 0.5 if cfg.optim_wrapper.optimizer.lr == wanted else 0.1


def test_each_start_has_its_own_best_rates(cfg, tmp_path):
    said = []
    path = label_curve(cfg, question(tmp_path), tmp_path / 'out', Trainer(best_at), said.append)
    runs = list(read_runs(path))
    choices = [run for run in runs if run.purpose == 'choice']
    results = [run for run in runs if run.purpose == 'result']
    assert len(choices) == 2 * 2 and len(results) == 2 * 2 * 3
    rates = {(run.start, run.lr, run.layer_decay) for run in results}
    assert rates == {('none', 1e-2, 0.8), ('own', 1e-3, 1.0)}
    assert {run.score for run in results} == {50.0}
    assert '16 of 16' in said[-1]


def test_all_that_differs_between_starts_is_the_start(cfg, tmp_path):
    trainer = Trainer(lambda cfg: 0.5)
    label_curve(cfg, question(tmp_path, grid=GRID[:1]), tmp_path / 'out', trainer, str)
    by_start = {}
    for each in trainer.seen:
        start = checkpoint_of(each)
        each.model.backbone.init_cfg.checkpoint = None
        by_start.setdefault(start, []).append(each.to_dict())
    first, second = by_start.values()
    assert first == second and len(first) == 6


def images_of(file):
    return {image['id'] for image in json.loads(Path(file).read_text())['images']}


def test_subsets_grow_and_steps_stay(cfg, tmp_path):
    trainer = Trainer(lambda cfg: 0.5)
    asked = question(tmp_path, amounts=[3, 8, None], grid=GRID[:1], steps=30, lengths=[1, 3])
    path = label_curve(cfg, asked, tmp_path / 'out', trainer, str)
    for run in read_runs(path):
        assert run.steps == 30 * run.length
        assert (
            run.labels == 24 if run.wanted is None else run.wanted <= run.labels <= run.wanted + 2
        )
    for each in trainer.seen:
        length = each.train_dataloader.sampler.samples_per_epoch * 3 // 2
        assert length in (30, 90) and each.train_cfg.val_interval == 3

    files = tmp_path / 'out/subsets'
    for seed in range(3):
        few, more, every = (
            images_of(files / f'result_seed{seed}_{amount}_train.json') for amount in (3, 8, 'all')
        )
        assert few < more < every
    assert more != images_of(files / 'result_seed0_8_train.json')


def test_rates_are_chosen_on_training_images_that_are_not_trained_on(cfg, tmp_path):
    trainer = Trainer(best_at)
    asked = question(tmp_path, amounts=[None], choose_at=[None])
    label_curve(cfg, asked, tmp_path / 'out', trainer, str)
    chosen = [each for each in trainer.seen if 'choice' in each.train_dataloader.dataset.ann_file]
    assert len(chosen) == 4
    for each in chosen:
        files = (each.train_dataloader.dataset.ann_file, each.val_dataloader.dataset.ann_file)
        parts = [images_of(file) for file in files]
        assert not parts[0] & parts[1] and len(parts[0] | parts[1]) == 12 and len(parts[1]) == 4
        assert each.val_evaluator.ann_file == files[1]
    others = [each for each in trainer.seen if each not in chosen]
    assert all(each.val_dataloader.dataset.ann_file == 'val.json' for each in others)


def test_rates_are_chosen_by_the_mean_over_several_splits(cfg, tmp_path):
    def luck_of_one_split(cfg):
        lr, seed = cfg.optim_wrapper.optimizer.lr, cfg.randomness.seed
        if seed == 10_000:  # here the worse rate is far ahead, on the others behind
            return 0.6 if lr == 1e-3 else 0.4
        return 0.1 if lr == 1e-3 else 0.4

    trainer = Trainer(luck_of_one_split)
    asked = question(tmp_path, choose_runs=3)
    path = label_curve(cfg, asked, tmp_path / 'out', trainer, str)
    runs = list(read_runs(path))
    choices = [run for run in runs if run.purpose == 'choice']
    assert len(choices) == 2 * 2 * 3 and len(runs) == asked.num_runs
    assert {run.lr for run in runs if run.purpose == 'result'} == {1e-2}
    files = tmp_path.glob('out/subsets/choice_seed*_4_choose.json')
    assert len({frozenset(images_of(file)) for file in files}) == 3

    one = label_curve(cfg, question(tmp_path), tmp_path / 'one', Trainer(luck_of_one_split), str)
    assert {run.lr for run in read_runs(one) if run.purpose == 'result'} == {1e-3}


def test_no_run_to_choose_by_is_refused(cfg, tmp_path):
    with pytest.raises(InputError, match='--choose-runs must be 1 or more, not 0'):
        label_curve(cfg, question(tmp_path, choose_runs=0), tmp_path / 'out', Trainer(best_at))


def test_what_is_done_is_not_done_again(cfg, tmp_path, reports):
    def stop_at_the_eighth(cfg):
        if len(trainer.seen) == 8:
            raise KeyboardInterrupt
        return best_at(cfg)

    trainer = Trainer(stop_at_the_eighth)
    with pytest.raises(KeyboardInterrupt):
        label_curve(cfg, question(tmp_path), tmp_path / 'out', trainer, str)
    again = Trainer(best_at)
    path = label_curve(cfg, question(tmp_path), tmp_path / 'out', again, str)
    assert len(again.seen) == 16 - 7 and len(list(read_runs(path))) == 16
    assert not list((tmp_path / 'out').rglob('*.pth'))  # a hundred runs would fill a disk
    assert path.with_suffix('.png').is_file() and path.with_suffix('.md').is_file()


def test_checkpoints_are_kept_where_that_is_asked(cfg, tmp_path):
    path = label_curve(
        *(cfg, question(tmp_path, grid=GRID[:1]), tmp_path / 'out', Trainer(best_at), str),
        keep_checkpoints=True,
    )
    folders = [path.parent / run.folder for run in read_runs(path)]
    assert folders and all((folder / 'epoch_3.pth').is_file() for folder in folders)


def test_several_at_once_do_what_one_after_the_other_does(cfg, tmp_path):
    meeting = Barrier(2, timeout=30)  # passed by two trainings at once only

    class Both(Trainer):
        def __call__(self, cfg, folder):
            meeting.wait()
            super().__call__(cfg, folder)

    paths = [
        label_curve(cfg, question(tmp_path), tmp_path / 'one', Trainer(best_at), str),
        label_curve(cfg, question(tmp_path), tmp_path / 'two', Both(best_at), str, jobs=2),
    ]
    one, two = ([replace(run, minutes=0) for run in read_runs(path)] for path in paths)
    assert one == two and len(one) == 16


def test_the_start_that_is_named_first_comes_first_whichever_ends_first(cfg, tmp_path):
    own_is_done = Event()

    class OwnFirst(Trainer):
        def __call__(self, cfg, folder):
            if not checkpoint_of(cfg):
                assert own_is_done.wait(timeout=30)
            super().__call__(cfg, folder)

    def note(line):
        if '/own/' in line:
            own_is_done.set()

    asked = question(tmp_path, grid=GRID[:1])
    path = label_curve(cfg, asked, tmp_path / 'out', OwnFirst(best_at), note, jobs=2)
    assert [run.start for run in read_runs(path)] == ['none'] * 6 + ['own'] * 6


def test_runs_stand_by_labels_and_seed_whichever_ended_first(cfg, tmp_path):
    asked = question(tmp_path, grid=GRID[:1], amounts=[None, 4, 8], seeds=[2, 0, 1])
    runs = list(read_runs(label_curve(cfg, asked, tmp_path / 'out', Trainer(best_at), str)))
    by_labels = [(wanted, seed) for wanted in (4, 8, None) for seed in range(3)]
    assert [(run.wanted, run.seed) for run in runs] == by_labels * 2


def test_after_a_failure_none_is_begun(cfg, tmp_path):
    def fail_at_the_third(cfg):
        if len(trainer.seen) == 3:
            raise InputError('A training failed.')
        return best_at(cfg)

    trainer = Trainer(fail_at_the_third)
    with pytest.raises(InputError, match='failed'):
        label_curve(cfg, question(tmp_path), tmp_path / 'out', trainer, str)
    assert len(trainer.seen) == 3


@pytest.mark.parametrize(
    ('changes', 'sentence'),
    [
        (dict(starts={'own': 'no/such.pth'}), 'no checkpoint no/such.pth'),
        (dict(starts={}), '--starts needs one'),
        (dict(seeds=[0]), 'seeds must be 2 or more'),
        (dict(amounts=[25]), '24 labels, fewer than the 25'),
    ],
)
def test_what_does_not_fit_is_one_sentence(cfg, tmp_path, changes, sentence):
    asked = question(tmp_path, grid=GRID[:1], **changes)
    with pytest.raises(InputError, match=sentence):
        label_curve(cfg, asked, tmp_path / 'out', Trainer(best_at), str)


def test_a_training_that_fails_says_where_its_output_is(cfg, tmp_path):
    (tmp_path / 'train.py').write_text('raise SystemExit("tools/train.py: no such thing.")')
    train = module.TrainInProcess(tmp_path)
    with pytest.raises(InputError, match='no such thing. Its output is .*output.txt'):
        train(cfg, tmp_path / 'run')
    assert re.search(r'lr=0\.001', (tmp_path / 'run/config.py').read_text())


def test_sigterm_ends_the_trainings_too(cfg, tmp_path):
    slow = 'import sys, time\nprint("begun", flush=True)\ntime.sleep(60)\nprint("not ended")'
    (tmp_path / 'train.py').write_text(slow)
    train = module.TrainInProcess(tmp_path)
    output = tmp_path / 'run/output.txt'

    def end_me_when_it_has_begun():
        while not (output.is_file() and 'begun' in output.read_text()):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    with ThreadPoolExecutor(2) as pool:
        with sigterm_interrupts(before=train.stop):
            training = pool.submit(train, cfg, tmp_path / 'run')
            pool.submit(end_me_when_it_has_begun)
            with pytest.raises(Terminated):
                training.result()
        with pytest.raises(InputError, match='A training failed'):
            training.result()
    assert not train.running and 'not ended' not in output.read_text()


def test_the_usual_grid_is_around_the_rate_of_the_config(cfg):
    grid = module.default_grid(cfg)
    assert {rates.lr for rates in grid} == {3e-4, 1e-3, 3e-3} and len(grid) == 6


@pytest.mark.parametrize('changed', ['steps', 'start own'])
def test_runs_of_another_question_are_not_taken_for_this_one(cfg, tmp_path, changed):
    asked = question(tmp_path, grid=GRID[:1], steps=30)
    label_curve(cfg, asked, tmp_path / 'out', Trainer(best_at), str)
    (tmp_path / 'other.pth').write_text('weights')
    starts = {'none': None, 'own': str(tmp_path / 'other.pth')}
    asked = asked._replace(**dict(steps=60) if changed == 'steps' else dict(starts=starts))
    with pytest.raises(InputError, match=f'another {changed} .* --work-dir'):
        label_curve(cfg, asked, tmp_path / 'out', Trainer(best_at), str)


def test_a_start_may_be_added_later(cfg, tmp_path):
    asked = question(tmp_path, grid=GRID[:1])
    label_curve(cfg, asked, tmp_path / 'out', Trainer(best_at), str)
    (tmp_path / 'other.pth').write_text('weights')
    asked = asked._replace(starts={**asked.starts, 'other': str(tmp_path / 'other.pth')})
    trainer = Trainer(best_at)
    label_curve(cfg, asked, tmp_path / 'out', trainer, str)
    assert len(trainer.seen) == 6
    assert {checkpoint_of(each) for each in trainer.seen} == {str(tmp_path / 'other.pth')}


def test_progress_counts_what_is_asked_now(cfg, tmp_path):
    asked = question(tmp_path, grid=GRID[:1])
    label_curve(cfg, asked, tmp_path / 'out', Trainer(best_at), str)
    said = []
    longer = asked._replace(starts={'none': None}, lengths=(2.0,))
    label_curve(cfg, longer, tmp_path / 'out', Trainer(best_at), said.append)
    assert [each.split(':')[0] for each in said] == [f'{k} of 6' for k in range(1, 7)]


def test_the_steps_that_are_noted_are_those_that_are_made(cfg, tmp_path):
    trainer = Trainer(best_at)
    asked = question(tmp_path, grid=GRID[:1], steps=31)  # 3 epochs: 11 each
    path = label_curve(cfg, asked, tmp_path / 'out', trainer, str)
    assert {run.steps for run in read_runs(path)} == {33}
    assert {each.train_dataloader.sampler.samples_per_epoch for each in trainer.seen} == {22}
    assert not any(each.auto_scale_lr.enable for each in trainer.seen)


@pytest.mark.parametrize(('crops', 'steps'), [(None, 18), (40, 60)])
def test_steps_are_those_of_the_config_where_none_are_asked_for(cfg, tmp_path, crops, steps):
    if crops:
        cfg.train_dataloader.sampler.samples_per_epoch = crops
    asked = question(tmp_path, grid=GRID[:1], steps=None)
    path = label_curve(cfg, asked, tmp_path / 'out', Trainer(best_at), str)
    assert {run.steps for run in read_runs(path)} == {steps}
