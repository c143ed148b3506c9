"""Draws original, masked and reconstructed images or clips; see docs/reading_reconstructions.md."""

import argparse

from mmgreen.apis.arguments import add_config
from mmgreen.apis.endings import ends_in_a_sentence


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add_config(parser, 'config of the pretraining')
    parser.add_argument('checkpoint', help='its checkpoint, decoder included')
    parser.add_argument('--img-path', required=True, help='an image, a video, or a folder of them')
    parser.add_argument('--out-file', required=True, help='the sheet to write, a .png or .jpg')
    parser.add_argument('--num-images', type=int, default=8, help='at most so many of a folder')
    parser.add_argument('--seed', type=int, default=0, help='of the masks')
    parser.add_argument('--mask-ratio', type=float, help='another ratio than the config has')
    parser.add_argument(
        '--raw',
        action='store_true',
        help='show what the decoder says of visible patches too, instead of pasting them',
    )
    parser.add_argument('--device', help='cpu, cuda:0, …; by default a GPU if there is one')
    return parser.parse_args()


def main() -> None:
    """Ends with one sentence where it is the user who can mend something."""
    args = parse_args()
    with ends_in_a_sentence('tools/analysis_tools/visualize_reconstruction.py'):
        import mmgreen.apis.console  # noqa: F401  (first: the hosts print when imported)
        from mmgreen.apis.launching import read_config
        from mmgreen.apis.reconstruction_pictures import write_sheet

        config = read_config(args.config, ('model', 'test_dataloader'))
        if args.mask_ratio is not None:
            config.model.mask_ratio = args.mask_ratio
        written = write_sheet(
            config,
            args.checkpoint,
            args.img_path,
            args.out_file,
            num_images=args.num_images,
            seed=args.seed,
            paste_visible=not args.raw,
            device=args.device,
        )
    print(written)


if __name__ == '__main__':
    main()
