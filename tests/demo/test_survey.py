"""The survey with stand-ins for its tools, and the real one for its data."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from mmengine.config import Config

from mmgreen.analysis.label_curve import Run
from mmgreen.demo import SURVEY_METHODS, steps, survey


def write_label_curve(folder):
    """As label_curve.py leaves it, of two seeds."""
    scores = {'random': (4.0, 6.0), 'pretrained': (7.0, 9.2)}
    runs = [
        asdict(Run('result', start, 60, seed, 1.0, 1e-3, 1.0, labels=62, score=score))
        for start, each in scores.items()
        for seed, score in enumerate(each)
    ]
    folder.mkdir(parents=True)
    content = dict(unit='boxes', metric='coco/bbox_mAP', runs=runs)
    (folder / 'label_curve.json').write_text(json.dumps(content))


class Tools:
    """Stand-ins that leave what the tools would."""

    def __init__(self, work):
        self.work, self.ran = work, []

    def run(self, tool, *arguments, environment=None):
        arguments = [str(argument) for argument in arguments]
        self.ran.append((tool.name, arguments))
        if tool.name == 'make_survey_data.py':
            (Path(arguments[0]) / 'unlabelled').mkdir(parents=True)
        elif 'train' in tool.name:
            log = self.work / '1/vis_data/scalars.json'
            log.parent.mkdir(parents=True)
            entries = [
                dict(loss=1.0, vs_patch_mean=0.5, step=3000),
                dict(vs_patch_mean=0.875, step=30),
            ]
            log.write_text('\n'.join(map(json.dumps, entries)))
            (self.work / 'last_checkpoint').write_text('epoch_30.pth')
        else:
            write_label_curve(self.work / 'detection')


@pytest.fixture
def tools(tmp_path, monkeypatch):
    stand_ins = Tools(tmp_path / 'work')
    monkeypatch.setattr(steps, 'run_tool', stand_ins.run)
    monkeypatch.setattr(steps.torch.cuda, 'is_available', lambda: False)
    return stand_ins


@pytest.mark.parametrize('method', SURVEY_METHODS)
def test_both_scores_stand_side_by_side_with_what_they_say(tools, tmp_path, capsys, method):
    data = tmp_path / 'data'
    survey.run_survey(tmp_path, data, tools.work, method, 'at hand.whl')
    (made, training, curve) = tools.ran
    assert made == ('make_survey_data.py', [str(data), '--wheel', 'at hand.whl'])
    assert training[0] == 'dist_train.sh' and '--resume' in training[1]
    assert curve[1][1:4] == ['--starts', 'random=', 'pretrained=epoch_30.pth']
    said = capsys.readouterr().out
    assert 'random         5.0   (4.0, 6.0)' in said
    assert 'pretrained     8.1   (7.0, 9.2)' in said
    assert 'With 60 boxes pretrained gains 3.1 [1.8, 4.4] over random.' in said
    assert '0.88 of that of' in said


def test_data_that_are_there_are_not_made_again(tools, tmp_path):
    (tmp_path / 'data/unlabelled').mkdir(parents=True)
    survey.run_survey(tmp_path, tmp_path / 'data', tools.work)
    assert [name for name, _ in tools.ran] == ['dist_train.sh', 'label_curve.py']


def test_every_path_of_the_configs_is_below_the_data(tools, tmp_path):
    survey.run_survey(tmp_path, tmp_path / 'data', tools.work)
    for _, arguments in tools.ran[1:]:
        cfg = Config.fromfile(arguments[0])
        given = arguments[arguments.index('--cfg-options') + 1 :]
        cfg.merge_from_dict(dict(each.split('=', 1) for each in given))
        used = [cfg.train_dataloader, cfg.val_dataloader, cfg.val_evaluator]
        assert 'data/survey' not in str(used)
