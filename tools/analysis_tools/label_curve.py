"""Is a pretraining worth it? label_curve.py CONFIG --starts none= own=CHECKPOINT.

Trains a detector or a classifier from each start with few labels and with many, several seeds each,
every start at its own best rate, and writes label_curve.json, .md and .png. Stopped, it goes on.
"""

import argparse
from pathlib import Path

from mmgreen.apis.arguments import add_cfg_options, add_config, parse
from mmgreen.apis.endings import ends_in_a_sentence, goes_on_when_repeated


def start(text: str) -> tuple[str, str | None]:
    """'own=FILE' or 'none='."""
    name, sign, path = text.partition('=')
    if not sign or not name:
        raise argparse.ArgumentTypeError(f'{text!r} is no NAME=CHECKPOINT, or NAME= for none')
    return name, path or None


def amount(text: str) -> int | None:
    """A number of labels, or 'all'."""
    return None if text == 'all' else int(text)


def rates(text: str) -> tuple[float, float]:
    """'LR:DECAY'."""
    lr, _, decay = text.partition(':')
    return float(lr), float(decay or 1)


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_config(parser, 'config of a detector or a classifier')
    parser.add_argument(
        '--starts',
        type=start,
        nargs='+',
        required=True,
        metavar='NAME=CHECKPOINT',
        help='what to compare with the first: none= own=work_dirs/mine/epoch_100.pth',
    )
    parser.add_argument(
        *('--boxes', '--images', '--videos'),
        dest='amounts',
        type=amount,
        nargs='+',
        default=[30, 100, 300, None],
        help='how many labels: boxes of a detector, images or videos of a classifier; or all',
    )
    parser.add_argument('--seeds', type=int, default=5, help='of subset, order and heads')
    parser.add_argument(
        '--grid',
        type=rates,
        nargs='+',
        metavar='LR:DECAY',
        help="rates and layer decays to choose from; by default three around the config's, each "
        'with a decay of 1 and of 0.8',
    )
    parser.add_argument(
        '--choose-at',
        type=amount,
        nargs=1,
        metavar='NUMBER',
        help='choose rates with so many labels only, for all numbers of them',
    )
    parser.add_argument(
        '--choose-runs',
        type=int,
        default=1,
        metavar='NUMBER',
        help='trainings for each rate to choose from, each on another part of the training images',
    )
    parser.add_argument('--steps', type=int, help='of each training; by default as the config')
    parser.add_argument('--lengths', type=float, nargs='+', default=[1.0], help='times the steps')
    parser.add_argument(
        '--jobs', type=int, default=1, help='trainings at once, as many as there are cores at best'
    )
    parser.add_argument(
        '--keep-checkpoints', action='store_true', help='the last ones of each training'
    )
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/label_curve'))
    parser.add_argument('--amp', action='store_true', help='compute in 16 bits')
    add_cfg_options(parser)
    return parse(parser)


def main() -> None:
    """Prints the table and what it says.

    Exit status: 0; 130 after Ctrl-C and 143 after SIGTERM, which end its trainings too.
    """
    args = parse_args()
    with ends_in_a_sentence('tools/analysis_tools/label_curve.py'):
        import mmgreen.apis.console  # noqa: F401  (first: the hosts print when imported)
        from mmgreen.analysis.label_curve import TrainInProcess, default_grid, label_curve
        from mmgreen.analysis.label_runs import Question, Rates
        from mmgreen.apis.launching import read_config

        cfg = read_config(args.config, ('model', 'train_dataloader', 'val_dataloader'))
        cfg.merge_from_dict(args.cfg_options or {})
        question = Question(
            starts=dict(args.starts),
            amounts=args.amounts,
            seeds=range(args.seeds),
            grid=[Rates(*each) for each in args.grid] if args.grid else default_grid(cfg),
            lengths=args.lengths,
            steps=args.steps,
            choose_at=args.choose_at or args.amounts,
            choose_runs=args.choose_runs,
        )
        flags = ['--amp'] if args.amp else []
        train = TrainInProcess(Path(__file__).parents[1], flags, args.jobs)
        with goes_on_when_repeated(before=train.stop):
            path = label_curve(
                *(cfg, question, args.work_dir, train),
                jobs=args.jobs,
                keep_checkpoints=args.keep_checkpoints,
            )
        print(path.with_suffix('.md').read_text())


if __name__ == '__main__':
    main()
