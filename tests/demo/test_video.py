"""The demo with clips, with stand-ins for its tools."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from mmengine.config import Config

from mmgreen.analysis.label_curve import Run, read_runs
from mmgreen.demo import steps, video

SCORES = {
    'random': {1: (40.0, 42.0, 41.0), 6: (60.0, 70.0)},
    'pretrained': {1: (80.0, 81.0, 82.5)},
}
STILL = {'pretrained': {1: (20.0, 21.0, 19.0)}}


def write_log(folder, entries):
    (folder / '1/vis_data').mkdir(parents=True, exist_ok=True)
    (folder / '1/vis_data/scalars.json').write_text('\n'.join(map(json.dumps, entries)))


class Tools:
    """Stand-ins that leave what the tools would."""

    def __init__(self, work):
        self.work, self.ran = work, []

    def run(self, tool, *arguments, environment=None):
        arguments = [str(argument) for argument in arguments]
        self.ran.append((tool.name, arguments))
        if 'train' in tool.name:
            # 300 steps of 2 s in two processes are 20 minutes of the processor.
            steps_made = [dict(loss=1.0, time=2.0, iter=step, step=step) for step in (150, 300)]
            write_log(self.work, [*steps_made, dict(vs_patch_mean=0.625, step=1)])
            (self.work / 'last_checkpoint').write_text('epoch_1.pth')
        elif tool.name == 'label_curve.py':
            self.train(arguments)

    def train(self, arguments):
        folder = Path(arguments[arguments.index('--work-dir') + 1])
        length = int(arguments[arguments.index('--lengths') + 1]) if '--lengths' in arguments else 1
        starts = [each.split('=')[0] for each in arguments[2:4] if '=' in each]
        path = folder / 'label_curve.json'
        runs = [asdict(run) for run in read_runs(path)]
        for start in starts:
            for seed, score in enumerate(
                (STILL if folder.name == 'one_frame' else SCORES)[start][length]
            ):
                run = Run('result', start, 60, seed, float(length), 3e-3, 1.0, 60, score=score)
                # 200 steps of 1.2 s are 4 minutes.
                write_log(folder / run.folder, [dict(loss=1.0, time=1.2, iter=200, step=200)])
                runs.append(asdict(run))
        content = dict(unit='videos', metric='accuracy/top1', runs=runs)
        path.write_text(json.dumps(content))


@pytest.fixture
def tools(tmp_path, monkeypatch):
    stand_ins = Tools(tmp_path / 'work')
    monkeypatch.setattr(steps, 'run_tool', stand_ins.run)
    monkeypatch.setattr(steps.torch.cuda, 'is_available', lambda: False)
    return stand_ins


def test_four_scores_stand_side_by_side_with_what_they_say(tools, tmp_path, capsys):
    video.run_video_demo(tmp_path, tmp_path / 'data', tools.work)
    assert [name for name, _ in tools.ran] == [
        'make_demo_clips.py',
        'dist_train.sh',
        'visualize_reconstruction.py',
        'label_curve.py',
        'label_curve.py',
        'label_curve.py',
    ]
    both, still, longer = (arguments for _, arguments in tools.ran[3:])
    assert both[1:4] == ['--starts', 'random=', 'pretrained=epoch_1.pth']
    # 20 minutes before and 4 of its own are 6 times the 4 minutes.
    assert longer[1:3] == ['--starts', 'random='] and longer[3] == '--videos'
    assert longer[longer.index('--lengths') + 1] == '6'
    assert [each[each.index('--seeds') + 1] for each in (both, still, longer)] == ['3', '3', '2']
    assert still[still.index('--grid') + 1] == '0.003:1'
    said = ' '.join(capsys.readouterr().out.split())
    for line in (
        'random with the same steps 41.0 (40.0, 42.0, 41.0)',
        'random with the same minutes, 6 times the steps 65.0 (60.0, 70.0)',
        'pretrained 81.2 (80.0, 81.0, 82.5)',
        'pretrained, one frame repeated 20.0 (20.0, 21.0, 19.0)',
    ):
        assert line in said
    assert 'Pretrained gains 40.2 [37.0, 43.3] over random with the same steps.' in said
    # Of the seeds that both have: 20 and 11.
    assert (
        'and random with the same minutes, 6 times the steps cannot be told apart (15.5 [' in said
    )
    assert 'vs_patch_mean 0.62' in said


def test_every_option_is_one_of_the_config_and_every_path_below_the_data(tools, tmp_path):
    video.run_video_demo(tmp_path, tmp_path / 'data', tools.work)
    for _, arguments in tools.ran[1:]:
        if '--cfg-options' not in arguments:
            continue
        cfg = Config.fromfile(arguments[0])
        given = arguments[arguments.index('--cfg-options') + 1 :]
        cfg.merge_from_dict(dict(each.split('=', 1) for each in given))
        used = [cfg.train_dataloader, cfg.val_dataloader, cfg.val_evaluator]
        assert 'data/demo_clips' not in str(used)
        read = [loader.dataset.pipeline[0] for loader in used[:2]]
        if 'one_frame' in str(arguments):
            assert [(each.stride, each.spread) for each in read] == [('0', 'True')] * 2
