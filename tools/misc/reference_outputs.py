"""Losses of short trainings to the last digit; before a change and after it they are equal.

python tools/misc/reference_outputs.py before.json
python tools/misc/reference_outputs.py after.json --compare before.json
"""

import argparse
import json
import tempfile
from pathlib import Path

from mmgreen.apis.endings import ends_in_a_sentence


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
    with ends_in_a_sentence('tools/misc/reference_outputs.py'):
        _write(args.out, args.compare)


def _write(out: Path, compare: Path | None) -> None:
    from mmgreen.analysis.reference_outputs import differences, reference_outputs

    before = json.loads(compare.read_text()) if compare else None
    with tempfile.TemporaryDirectory() as folder:
        outputs = reference_outputs(Path(__file__).resolve().parents[1], Path(folder, 'work'))
    out.write_text(json.dumps(outputs, indent=2))
    print(f'{out}: {", ".join(outputs)}')
    if before is not None:
        different = differences(outputs, before)
        if different:
            raise SystemExit(f'{out} differs from {compare}: {", ".join(different)}.')
        print(f'All are equal to those in {compare}, to the last digit.')


if __name__ == '__main__':
    main()
