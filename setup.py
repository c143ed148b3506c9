"""What of mmgreen is data: the configs and tools that a wheel carries. pyproject.toml has the rest.

``mmgreen/configs`` and ``mmgreen/.mim/*`` are links, kept in git, to the real ones of the
repository: an editable install reads through them, and a build puts real files in their place.
"""

from pathlib import Path

from setuptools import setup

FOLDERS = ('configs', '.mim/configs', '.mim/tools')
FILES = [f'{folder}/**/*.{ending}' for folder in FOLDERS for ending in ('py', 'sh', 'yml')]

package = Path(__file__).resolve().parent / 'mmgreen'
for folder in FOLDERS:
    if not (package / folder).is_dir():
        raise SystemExit(
            f'mmgreen/{folder} is not a folder, so git could not make symbolic links here: clone '
            "again with 'git clone -c core.symlinks=true', on a filesystem that has them."
        )

setup(package_data={'mmgreen': [*FILES, '.mim/model-index.yml']}, include_package_data=False)
