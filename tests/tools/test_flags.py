"""The command lines of tools/train.py and tools/test.py."""

import importlib.util
import sys

import pytest
from reference_running import make_project
from repository import ROOT


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Configs and images."""
    folder = tmp_path_factory.mktemp('project')
    make_project(folder)
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def tool(name):
    """A tool of the repository, imported."""
    spec = importlib.util.spec_from_file_location(f'tool_{name}', ROOT / f'tools/{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestTools:
    @pytest.mark.parametrize('name', ['train', 'test'])
    def test_what_cannot_work_ends_the_tool_with_one_sentence(self, here, monkeypatch, name):
        checkpoint = ['gone.pth'] if name == 'test' else []
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', 'gone.py', *checkpoint])
        with pytest.raises(SystemExit, match=r'There is no config gone\.py'):
            tool(name).main()

    def test_train_has_the_flags_of_openmmlab(self, monkeypatch):
        line = (
            'train.py CONFIG --work-dir W --resume --amp --no-validate --auto-scale-lr '
            '--no-pin-memory --no-persistent-workers --launcher pytorch --local-rank 1 '
            '--cfg-options a.b=1 c=[1,2]'
        )
        monkeypatch.setattr(sys, 'argv', line.split())
        args = vars(tool('train').parse_args())
        assert args['resume'] == 'auto' and args['cfg_options'] == {'a.b': 1, 'c': [1, 2]}
        assert not args['validate'] and not args['pin_memory'] and not args['persistent_workers']
        monkeypatch.setattr(sys, 'argv', ['train.py', 'C', '--resume', 'P', '--local_rank', '0'])
        assert tool('train').parse_args().resume == 'P'

    def test_test_has_the_flags_of_openmmlab(self, monkeypatch):
        line = (
            'test.py CONFIG CHECKPOINT --work-dir W --out O.pkl --show --show-dir D --wait-time 1 '
            '--tta --launcher none --local_rank 0 --cfg-options a=b'
        )
        monkeypatch.setattr(sys, 'argv', line.split())
        args = tool('test').parse_args()
        assert (args.checkpoint, args.wait_time, args.tta) == ('CHECKPOINT', 1.0, True)

    def test_a_missing_folder_ends_the_tool_with_one_sentence(self, here, monkeypatch):
        monkeypatch.setattr(
            sys,
            'argv',
            ['train.py', 'tiny.py', '--cfg-options', 'train_dataloader.dataset.data_root=nowhere'],
        )
        with pytest.raises(SystemExit) as end:
            tool('train').main()
        assert f'{here / "nowhere"} does not exist' in str(end.value)
