from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from mmgreen.demo.photographs import LICENCES, PACKAGES, PHOTOGRAPHS, load_photograph


def test_every_photograph_is_there_and_in_colour():
    for photograph in PHOTOGRAPHS:
        image = load_photograph(photograph)
        pixels = np.asarray(image, int)
        assert image.mode == 'RGB' and min(image.size) >= 300, photograph.file
        chroma = pixels.max(axis=2) - pixels.min(axis=2)
        assert chroma.mean() > 8, photograph.file


def test_every_photograph_has_known_terms_and_one_split():
    files = [photograph.file for photograph in PHOTOGRAPHS]
    assert len(set(files)) == len(files)
    for photograph in PHOTOGRAPHS:
        assert photograph.package in PACKAGES
        assert photograph.licence in LICENCES
        assert photograph.author and photograph.source
    assert {photograph.split for photograph in PHOTOGRAPHS} == {'train', 'val'}


def test_region_and_tones():
    by_file = {photograph.file: photograph for photograph in PHOTOGRAPHS}
    retina = by_file['retina.jpg']
    left, top, right, bottom = retina.region
    assert load_photograph(retina).size == (right - left, bottom - top)
    assert np.asarray(load_photograph(retina)).max(axis=2).min() > 60  # no black rim

    grass = by_file['grass.png']
    grey = np.asarray(load_photograph(grass._replace(tones=((0, 0, 0), (255, 255, 255)))))
    coloured = np.asarray(load_photograph(grass), int)
    dark, bright = grass.tones
    expected = np.array(dark) + grey[..., :1] / 255 * (np.array(bright) - np.array(dark))
    assert np.abs(coloured - expected).max() <= 1


def test_missing_package_names_the_command(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r'scikit-image is not installed.*pip install'):
        load_photograph(PHOTOGRAPHS[0])


def test_missing_file_names_it():
    with pytest.raises(FileNotFoundError, match=r'does not carry .*lena\.png'):
        load_photograph(PHOTOGRAPHS[0]._replace(file='lena.png'))
