"""Small folders of pictures and annotations, written where a test wants them."""

import pytest
from PIL import Image


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / 'my data'
    path.mkdir()
    return path


@pytest.fixture
def picture(folder):
    """Writes a picture of 40 x 30 px (width, height), or of another size, and returns its name."""

    def write(name, size=(40, 30), orientation=None):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        if orientation:
            exif[0x0112] = orientation
        Image.linear_gradient('L').resize(size).convert('RGB').save(path, exif=exif)
        return name

    return write


@pytest.fixture
def text(folder):
    """Writes a text file."""

    def write(name, content):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding='utf-8')
        return name

    return write


@pytest.fixture
def voc(text):
    """Writes a Pascal VOC file; objects are (name, xmin, ymin, xmax, ymax)."""

    def write(name, objects=(), filename='a.png', size=(40, 30)):
        boxes = ''.join(
            f'<object><name>{label}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin>'
            f'<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>'
            for label, a, b, c, d in objects
        )
        width, height = size
        return text(
            name,
            f'<annotation><filename>{filename}</filename><size><width>{width}</width>'
            f'<height>{height}</height></size>{boxes}</annotation>',
        )

    return write
