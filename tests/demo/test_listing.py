import json

import pytest

from mmgreen.demo.listing import check_folder, earlier_settings, write_listing
from mmgreen.demo.photographs import LICENCES, PHOTOGRAPHS
from mmgreen.errors import ExistingFileError


def test_settings_are_found_again_by_those_who_wrote_them(tmp_path):
    shown = {'train': {'1.jpg': PHOTOGRAPHS[0].file}}
    write_listing(tmp_path / 'new', 'us', {'seed': 3}, 'cropped', shown)
    assert earlier_settings(tmp_path / 'new', 'us') == {'seed': 3}
    assert earlier_settings(tmp_path / 'new', 'others') is None
    assert earlier_settings(tmp_path, 'us') is None
    listing = json.loads((tmp_path / 'new/photographs.json').read_text(encoding='utf-8'))
    assert listing['images'] == shown and listing['changes'] == 'cropped'
    (photograph,) = listing['photographs']
    assert photograph['file'] == PHOTOGRAPHS[0].file
    assert photograph['terms'] == LICENCES[PHOTOGRAPHS[0].licence]


def test_only_an_empty_folder_or_the_same_set_is_written_without_a_word(tmp_path):
    check_folder(tmp_path, None, {'seed': 1}, overwrite=False)
    check_folder(tmp_path / 'not there', None, {'seed': 1}, overwrite=False)
    (tmp_path / 'photographs.json').write_text('[]')
    assert earlier_settings(tmp_path, 'us') is None
    with pytest.raises(ExistingFileError, match='not an empty folder'):
        check_folder(tmp_path, None, {'seed': 1}, overwrite=True)
    check_folder(tmp_path, {'seed': 1}, {'seed': 1}, overwrite=False)
    check_folder(tmp_path, {'seed': 2}, {'seed': 1}, overwrite=True)
    with pytest.raises(ExistingFileError, match='--overwrite'):
        check_folder(tmp_path, {'seed': 2}, {'seed': 1}, overwrite=False)
