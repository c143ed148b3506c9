"""Runs a Python script as if some packages or modules were not installed.

python tools/misc/run_blocked.py mmdet,mmcv._ext tools/train.py CONFIG
"""

import argparse
import runpy
import sys


class Blocked:
    """One of Python's finders of modules, which no longer finds some, nor anything below them."""

    def __init__(self, finder, names: list[str]):
        self.finder = finder
        self.names = names

    def find_spec(self, fullname: str, path=None, target=None):
        """What the finder finds; None, which is nothing, for a name that is blocked."""
        if any(f'{fullname}.'.startswith(f'{name}.') for name in self.names):
            return None
        return self.finder.find_spec(fullname, path, target)

    def __getattr__(self, name: str):
        return getattr(self.finder, name)


def main() -> None:
    """Blocks, then runs the script as if it had been started by itself."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('blocked', help='names of packages or modules, with commas between them')
    parser.add_argument('script')
    parser.add_argument('arguments', nargs=argparse.REMAINDER, help="the script's own")
    args = parser.parse_args()

    names = args.blocked.split(',')
    sys.meta_path[:] = [Blocked(finder, names) for finder in sys.meta_path]
    sys.argv = [args.script, *args.arguments]
    runpy.run_path(args.script, run_name='__main__')


if __name__ == '__main__':
    main()
