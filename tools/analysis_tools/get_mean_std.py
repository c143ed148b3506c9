"""By which mean and deviation images are to be normalised: get_mean_std.py FOLDER."""

import argparse

from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description='Mean and standard deviation of the pixels of your images, red first, as the '
        'configs of a pretraining and of what follows it take them.'
    )
    parser.add_argument('folder', help='with images, nested or flat')
    parser.add_argument(
        '--max-images', type=int, default=1000, help='of more, so many, spread evenly'
    )
    return parser.parse_args()


def main() -> None:
    """Prints both as the line ``pixels = …`` of our starters."""
    args = parse_args()
    with ends_in_a_sentence('tools/analysis_tools/get_mean_std.py'):
        import mmgreen.apis.console  # noqa: F401  (first: the hosts print when imported)
        from mmgreen.datasets.mean_and_std import mean_and_std_in

        found, number = mean_and_std_in(args.folder, args.max_images)
        print(f'pixels = dict({found})  # {number} images in {args.folder}')


if __name__ == '__main__':
    main()
