"""``tools/predict.py`` in this process: what it says and with which status it ends."""

import importlib.util
import json
import os
import signal
import sys

import pytest
from PIL import Image
from reference_detector import HEIC, fail_at, make_detector
from repository import ROOT

from mmgreen.apis.detector import Detector


@pytest.fixture(scope='module')
def detector(tmp_path_factory):
    """A config, and a checkpoint with weights that find several classes in any image."""
    return make_detector(tmp_path_factory.mktemp('detector'))


@pytest.fixture
def image(tmp_path):
    (tmp_path / 'one').mkdir()
    Image.new('RGB', (60, 80), 'red').save(tmp_path / 'one/red.png')
    return tmp_path / 'one/red.png'


@pytest.fixture
def predict(detector, tmp_path, monkeypatch):
    """Runs the tool on an image or a folder."""

    def call(source, *options):
        known = (detector / 'small.py', detector / 'small.pth', source)
        out = ('--out-dir', tmp_path / 'out', '--device', 'cpu')
        main(monkeypatch, *known, *out, *options)

    return call


def main(monkeypatch, *arguments):
    spec = importlib.util.spec_from_file_location('tool_predict', ROOT / 'tools/predict.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setattr(sys, 'argv', ['predict.py', *map(str, arguments)])
    tool.main()


def test_says_what_it_found(predict, image, tmp_path, capsys):
    predict(image.parent, '--score-thr', '0')
    results = tmp_path / 'out/predictions.json'
    found = json.loads(results.read_text())['annotations']
    assert f'{len(found)} objects in 1 image: {results}, pictures in' in capsys.readouterr().out


@pytest.mark.parametrize('tiles', [(), ('--tile', '32')])
def test_nothing_found_says_what_to_lower(predict, image, tmp_path, capsys, tiles):
    predict(image, *tiles, '--score-thr', '0')
    found = json.loads((tmp_path / 'out/predictions.json').read_text())['annotations']
    highest = max(each['score'] for each in found)
    capsys.readouterr()
    predict(image, *tiles, '--score-thr', '1')
    said = capsys.readouterr().out
    assert (
        f'0 objects in 1 image (the highest score is {highest:.2g}; lower --score-thr, 1)' in said
    )


def test_options_change_the_config(predict, image, tmp_path):
    predict(image, '--score-thr', '0', '--cfg-options', 'model.test_cfg.rcnn.max_per_img=2')
    assert len(json.loads((tmp_path / 'out/predictions.json').read_text())['annotations']) == 2
    with pytest.raises(SystemExit, match=r'model\.test_cfg\.rcn'):
        predict(image, '--cfg-options', 'model.test_cfg.rcn.max_per_img=2')


def test_nothing_read_is_a_failure(predict, tmp_path, capsys):
    (tmp_path / 'a.heic').write_bytes(HEIC)
    with pytest.raises(SystemExit) as ended:
        predict(tmp_path / 'a.heic')
    assert ended.value.code == 1
    assert 'HEIC is not read' in capsys.readouterr().out


def test_a_folder_of_other_files(predict, tmp_path):
    (tmp_path / 'new').mkdir()
    (tmp_path / 'new/a.heic').write_bytes(HEIC)
    sentence = r'^tools/predict.py: .*holds no image that is read: 1 .heic \(a.heic\)\. Convert'
    with pytest.raises(SystemExit, match=sentence):
        predict(tmp_path / 'new')


def press_ctrl_c(monkeypatch):
    fail_at(monkeypatch, 1, KeyboardInterrupt())


def terminate(monkeypatch):
    forward = Detector.forward

    def is_stopped(self, *arguments, **options):
        os.kill(os.getpid(), signal.SIGTERM)
        return forward(self, *arguments, **options)

    monkeypatch.setattr(Detector, 'forward', is_stopped)


@pytest.mark.parametrize(('stop', 'status'), [(press_ctrl_c, 130), (terminate, 143)])
def test_an_interruption_writes_what_was_found(
    predict, image, tmp_path, monkeypatch, capsys, stop, status
):
    stop(monkeypatch)
    with pytest.raises(SystemExit) as ended:
        predict(image)
    assert ended.value.code == status
    assert 'interrupted: 1 images' in capsys.readouterr().out
    assert (tmp_path / 'out/predictions.json').is_file()


def test_ends_with_one_sentence(image, tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match=r'^tools/predict.py: There is no config gone.py\.$'):
        main(monkeypatch, 'gone.py', 'gone.pth', image, '--out-dir', tmp_path)


@pytest.mark.parametrize(
    ('options', 'sentence'),
    [(('--tile', '0'), '--tile is 0; give'), (('--overlap', '1'), '--overlap is 1.0; give')],
)
def test_numbers_out_of_range(predict, image, options, sentence):
    with pytest.raises(SystemExit, match=f'^tools/predict.py: {sentence}'):
        predict(image, *options)


def test_in_tiles_and_without_labels(predict, image, tmp_path, capsys):
    Image.new('RGB', (300, 200), 'red').save(image)
    predict(image, '--tile', '64', '--overlap', '0.3', '--no-labels', '--score-thr', '1')
    assert '0 objects in 1 image' in capsys.readouterr().out
    assert Image.open(tmp_path / 'out/pictures/red.png').size == (300, 200)
    picture = Image.open(tmp_path / 'out/pictures/red.png').convert('RGB')
    assert picture.getpixel((150, 100)) == (255, 0, 0)
