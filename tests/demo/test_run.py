import json
from dataclasses import asdict
from pathlib import Path

import pytest

from mmgreen.analysis.label_curve import Run
from mmgreen.demo import run as demo
from mmgreen.demo import steps

KINDS = ('bbox', 'segm')


def write_log(folder, entries, name='scalars.json'):
    folder.mkdir(parents=True)
    (folder / name).write_text('\n'.join(json.dumps(entry) for entry in entries))


def write_label_curve(folder, arguments):
    """As label_curve.py leaves it, of two seeds."""
    runs = []
    for start, scores in (('random', (30.0, 32.0)), ('pretrained', (35.0, 38.0))):
        for seed, score in enumerate(scores):
            run = Run('result', start, 60, seed, 1.0, 1e-3, 1.0, labels=61, score=score)
            scores = {'mAP': 0.5, 'mAP_50': 0.875, 'mAP_75': 0.25}
            logged = {f'coco/{kind}_{key}': scores[key] for key in scores for kind in KINDS}
            write_log(folder / run.folder / '1/vis_data', [logged])
            (folder / run.folder / 'last_checkpoint').write_text(f'{start} {seed}.pth')
            runs.append(asdict(run))
    content = dict(unit='boxes', metric='coco/bbox_mAP', runs=runs)
    (folder / 'label_curve.json').write_text(json.dumps(content))


@pytest.mark.parametrize(
    ('has_gpu', 'has_bfloat16', 'method'),
    [(False, True, 'greenmim'), (True, True, 'hiera'), (False, False, 'mae')],
)
def test_every_step_is_an_ordinary_tool_and_the_end_says_what_there_is(
    tmp_path, monkeypatch, capsys, has_gpu, has_bfloat16, method
):
    work, ran = tmp_path / 'work', []
    train = 'train.py' if has_gpu else 'dist_train.sh'

    def run(tool, *arguments, environment=None):
        arguments = [str(argument) for argument in arguments]
        ran.append((tool.name, arguments))
        if tool.name == train:
            folder = Path(arguments[arguments.index('--work-dir') + 1])
            write_log(
                folder / '1/vis_data',
                [
                    *(dict(loss=1.0 / step, step=step) for step in range(1, 21)),
                    dict(vs_patch_mean=0.875, step=1),
                ],
            )
            (folder / 'last_checkpoint').write_text(str(folder / 'epoch_1.pth'))
        if tool.name == 'label_curve.py':
            write_label_curve(work / 'detection', arguments)

    monkeypatch.setattr(steps, 'run_tool', run)
    monkeypatch.setattr(steps.torch.cuda, 'is_available', lambda: has_gpu)
    monkeypatch.setattr(steps, 'computes_in_bfloat16', lambda: has_bfloat16)
    demo.run_demo(tmp_path / 'tools', tmp_path / 'data', work, method)
    assert [name for name, _ in ran] == [
        'make_demo_data.py',
        train,
        'visualize_reconstruction.py',
        'visualize_reconstruction.py',
        'label_curve.py',
        'predict.py',
    ]
    net = demo.NETS[method]
    configs = [Path(arguments[0]).name for _, arguments in ran[1:]]
    assert configs == [f'{net}_pretrain.py'] * 3 + [f'{net}_mask_rcnn.py'] * 2
    assert 'random=' in ran[4][1] and f'pretrained={work / "epoch_1.pth"}' in ran[4][1]
    assert ran[5][1][1] == 'pretrained 0.pth'
    # On the CPU two processes share the batch.
    step = ran[1][1]
    assert ('2' in step) == ('train_dataloader.batch_size=16' in step) == (not has_gpu)
    assert ('--amp' in step) == (has_bfloat16 and not has_gpu)
    said = capsys.readouterr().out
    assert 'random        31.0   (30.0, 32.0)' in said
    assert 'pretrained    36.5   (35.0, 38.0)' in said
    assert 'With 60 boxes pretrained and random cannot be told apart (5.5 [-0.9, 11.9]).' in said
    assert 'box      50.0   87.5   25.0' in said and 'mask     50.0   87.5   25.0' in said
    for what in ('0.750 in the first tenth', '0.051 in the last', '0.88 on validation'):
        assert what in said
    assert 'reconstruction_val.png' in said and 'reconstruction_train_new.png' in said
