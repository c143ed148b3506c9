"""Predicts: python tools/predict.py CONFIG CHECKPOINT IMAGE_OR_FOLDER --out-dir FOLDER."""

import argparse

from mmgreen.apis.arguments import add_cfg_options, add_config, parse
from mmgreen.apis.endings import ends_in_a_sentence, sigterm_interrupts, status_of


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Find objects in images: pictures, and one COCO-format file of results. Of a '
        'classifier: one file with the best classes of each image, or of each video.'
    )
    add_config(parser, 'path of the config file of the detector or classifier')
    parser.add_argument('checkpoint', help='path of its checkpoint')
    parser.add_argument('source', metavar='image_or_folder', help='an image or video, or a folder')
    parser.add_argument('--out-dir', required=True, help='folder for pictures and results')
    parser.add_argument(
        '--score-thr', type=float, default=0.3, help='leave out objects of a lower score'
    )
    parser.add_argument(
        '--tile',
        type=int,
        metavar='PX',
        help='go over each image in tiles of this side, as 640, and join what they hold: for '
        'images of any size, TIFFs in tiles or strips included',
    )
    parser.add_argument(
        '--overlap', type=float, default=0.2, help='of neighbours, as a share of a tile (0.2)'
    )
    parser.add_argument(
        '--no-labels',
        dest='labels',
        action='store_false',
        help='pictures have boxes without names and scores',
    )
    parser.add_argument('--device', help='cpu, cuda:0, …; by default a GPU if there is one')
    add_cfg_options(parser)
    return parse(parser)


def main() -> None:
    """Ends with one sentence where it is the user who can mend something.

    Exit status: 0; 1 where nothing was read; 130 after Ctrl-C and 143 after SIGTERM, with what was
    found written.
    """
    args = parse_args()
    try:
        with ends_in_a_sentence('tools/predict.py'), sigterm_interrupts():
            import mmgreen.apis.console  # noqa: F401  (first: the hosts print when imported)
            from mmgreen.apis.prediction import predict

            made = predict(**vars(args))
    except KeyboardInterrupt as interruption:
        if hasattr(interruption, 'predictions'):
            print(interruption.predictions)
        raise SystemExit(status_of(interruption)) from interruption
    print(made)
    if made.num_images == 0:
        raise SystemExit(1)


if __name__ == '__main__':
    main()
