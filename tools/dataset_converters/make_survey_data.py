"""Write tree crowns in aerial photographs as a small set for detection and pretraining.

Images and boxes come with the wheel of deepforest 2.1.0 (MIT licence, Weecology; photographs of the
National Ecological Observatory Network), which pip downloads, 20 MB. deepforest is not installed.

Example:
    python tools/dataset_converters/make_survey_data.py data/survey
"""

from __future__ import annotations

import argparse

from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    """The command line; read before anything heavy is imported."""
    parser = argparse.ArgumentParser(
        description='Write train/, val/, val_other_site/, final/, each with a COCO file, and '
        'unlabelled/, from images and boxes in the wheel of deepforest 2.1.0 (MIT licence, '
        'Weecology).'
    )
    parser.add_argument('out_dir', help='folder to write into')
    parser.add_argument(
        '--wheel', help='the wheel of deepforest 2.1.0, where it is at hand; else pip downloads it'
    )
    return parser.parse_args()


def main() -> None:
    """Writes the set and prints what it holds."""
    args = parse_args()
    with ends_in_a_sentence('tools/dataset_converters/make_survey_data.py'):
        import mmgreen.apis.console  # noqa: F401  (first: the hosts print when imported)
        from mmgreen.datasets.conversion.survey import make_survey_data

        print('\n'.join(make_survey_data(**vars(args))))


if __name__ == '__main__':
    main()
