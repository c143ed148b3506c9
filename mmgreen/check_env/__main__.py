"""Says what works here: ``python -m mmgreen.check_env``, which is ``mmgreen check`` too.

The exit status is 0 if pretraining works. Nothing but Python is needed to run it.
"""

from __future__ import annotations

import argparse
import sys

from mmgreen.check_env.diagnosis import report, works
from mmgreen.check_env.environment import gather


def main() -> int:
    """Prints what is found as it is found, then the report; 0 if pretraining works, else 1."""
    argparse.ArgumentParser(
        description='Say what works in this environment, what does not, and what mends it.'
    ).parse_args()
    environment = gather(_say)
    print()
    print(report(environment))
    return 0 if works(environment)['pretrain'] else 1


def _say(name: str, seconds: float, error: str | None) -> None:
    print(f'{name:<18}{seconds:5.1f} s  {error or "works"}', flush=True)


if __name__ == '__main__':
    sys.exit(main())
