"""Says what works here: ``python -m mmgreen.check_env``.

The exit status is 0 if pretraining works. Nothing but Python is needed to run it.
"""

import sys

from mmgreen.check_env.diagnosis import report, works
from mmgreen.check_env.environment import gather


def main() -> int:
    """Prints the report; 0 if pretraining works, else 1."""
    print('Trying every import in a process of its own, a minute or so ...', flush=True)
    environment = gather()
    print(report(environment))
    return 0 if works(environment)['pretrain'] else 1


if __name__ == '__main__':
    sys.exit(main())
