"""Losses of short trainings to the last digit; before a change and after it they are equal.

python tools/misc/reference_outputs.py before.json
python tools/misc/reference_outputs.py after.json --compare before.json
"""

import argparse
import json
import tempfile
from pathlib import Path

from mmgreen.analysis.reference_outputs import differences, reference_outputs


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Write what short trainings give at a fixed seed; three minutes on two cores.'
    )
    parser.add_argument('out', type=Path, help='the JSON file to write')
    parser.add_argument('--compare', type=Path, help='one made before: ends with 1 if they differ')
    return parser.parse_args()


def main() -> None:
    """Writes, and compares if asked."""
    args = parse_args()
    before = json.loads(args.compare.read_text()) if args.compare else None
    with tempfile.TemporaryDirectory() as folder:
        outputs = reference_outputs(Path(__file__).resolve().parents[1], Path(folder, 'work'))
    args.out.write_text(json.dumps(outputs, indent=2))
    print(f'{args.out}: {", ".join(outputs)}')
    if before is not None:
        different = differences(outputs, before)
        if different:
            raise SystemExit(f'{args.out} differs from {args.compare}: {", ".join(different)}.')
        print(f'All are equal to those in {args.compare}, to the last digit.')


if __name__ == '__main__':
    main()
