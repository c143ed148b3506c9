"""The command lines of the tools that prepare data."""

import importlib.util
import json
import subprocess
import sys

import pytest
from PIL import Image
from repository import ROOT

FOLDER = ROOT / 'tools/dataset_converters'
NAMES = ['to_coco', 'tile_images', 'make_cell_data', 'make_survey_data']


def run(name, monkeypatch, *words):
    spec = importlib.util.spec_from_file_location(f'tool_{name}', FOLDER / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, words)])
    module.main()


@pytest.mark.parametrize('name', NAMES)
def test_help_comes_before_anything_heavy_is_imported(name):
    done = subprocess.run(
        [sys.executable, '-X', 'importtime', FOLDER / f'{name}.py', '--help'],
        capture_output=True,
        text=True,
    )
    imported = {line.split('|')[-1].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 0 and 'argparse' in imported
    assert not imported & {'torch', 'numpy', 'mmengine', 'cv2', 'PIL'}


def test_from_a_table_to_tiles(tmp_path, monkeypatch, capsys):
    (tmp_path / 'in').mkdir()
    for name in 'abcde':
        Image.new('RGB', (60, 20)).save(tmp_path / f'in/{name}.png')
    rows = '\n'.join(f'{name}.png,2,3,12,13,tree' for name in 'abcde')
    (tmp_path / 'in/t.csv').write_text(f'image_path,xmin,ymin,xmax,ymax,label\n{rows}\n')
    run('to_coco', monkeypatch, '--from', 'csv', tmp_path / 'in', tmp_path / 'coco')
    assert len(json.loads((tmp_path / 'coco/val.json').read_text())['images']) == 1
    words = ['--from', 'coco', '--annotations', tmp_path / 'coco/train.json', '--for', 'train']
    where = [tmp_path / 'in', tmp_path / 'tiles', '--size', '30', '20', '--overlap', '0']
    run('tile_images', monkeypatch, *where, *words)
    content = json.loads((tmp_path / 'tiles/train.json').read_text())
    assert [(each['width'], each['height']) for each in content['images']] == [(30, 20)] * 4
    assert '4 images' in capsys.readouterr().out


@pytest.mark.parametrize('name', NAMES)
def test_what_cannot_work_ends_in_a_sentence(name, tmp_path, monkeypatch):
    words = {
        'to_coco': [tmp_path / 'gone', tmp_path, '--from', 'voc'],
        'tile_images': [tmp_path / 'gone', tmp_path, '--for', 'unlabelled'],
        'make_cell_data': [tmp_path / 'gone', tmp_path],
        'make_survey_data': [tmp_path, '--wheel', 'gone.whl'],
    }
    with pytest.raises(SystemExit, match='gone'):
        run(name, monkeypatch, *words[name])
