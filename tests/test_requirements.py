"""The files of requirements/ agree with one another and with what else names versions."""

import re

import pytest
from packaging.requirements import Requirement
from repository import ROOT


def requirements(name):
    lines = (ROOT / 'requirements' / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith('#')]


def pinned():
    return {each.name: each.specifier for each in requirements('pinned.txt')}


def version_of(name):
    (specifier,) = pinned()[name]
    return specifier.version


@pytest.mark.parametrize(
    'name', ['runtime.txt', 'pretrain.txt', 'detect.txt', 'video.txt', 'tests.txt']
)
def test_every_package_has_a_pinned_version_in_its_range(name):
    for needed in requirements(name):
        assert needed.specifier.contains(version_of(needed.name)), needed


def test_pinned_versions_are_exact_and_named_once():
    names = [each.name for each in requirements('pinned.txt')]
    assert len(names) == len(set(names))
    for name, specifier in pinned().items():
        assert [each.operator in ('==', '===') for each in specifier] == [True], name


def test_runtime_pins_nothing_and_names_no_mm_package():
    for needed in requirements('runtime.txt'):
        assert not needed.name.startswith(('mm', 'onedl'))
        assert not any(each.operator.startswith('==') for each in needed.specifier)


def test_pre_commit_runs_the_ruff_that_is_pinned():
    text = (ROOT / '.pre-commit-config.yaml').read_text()
    assert re.search(r'ruff-pre-commit\s+rev: v(\S+)', text)[1] == version_of('ruff')
