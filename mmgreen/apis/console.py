"""What the console leaves out: messages of the hosts that say nothing a user could act upon.

The log file has all that is logged, the whole config included. Messages are hidden by how they
begin; whatever is not listed here comes through.
"""

from __future__ import annotations

import builtins
import logging
import re
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from mmengine.dist import master_only
from mmengine.logging import MMLogger
from mmengine.runner import Runner

from mmgreen.apis.progress import bar_below_the_log

LOGGED = re.compile(
    r"""\s*(
    -+\s+System\ environment: | Config:\s | Distributed\ training\ is\ not\ used
    | Hooks\ will\ be\ executed | paramwise_options\ -- | Groups\ of\ parameters: | Exp\ name:
    | Checkpoints\ will\ be\ saved | Saving\ checkpoint\ at | The\ previous\ best
    | "FileClient"\ will\ be
    | "HardDiskBackend"\ is | Failed\ to\ search\ registry | The\ prefix\ is\ not\ set
    | Evaluating\ (bbox|segm) | \w+_mAP_copypaste:
    )""",
    re.VERBOSE,
)
# The tables of pycocotools, which a training has in one line of its own.
TABLE = (' Average Precision', ' Average Recall')
PRINTED = (
    'Could not import OneDL',
    'Loads checkpoint by ',
    'loading annotations into memory',
    'Loading and preparing results',
    'Done (t=',
    'DONE (t=',
    'creating index...',
    'index created!',
    'Running per image evaluation',
    'Evaluate annotation type',
    'Accumulating evaluation results',
)
WARNED = {
    'faster_coco_eval is not installed': 'mmdet.evaluation.metrics.faster_coco_metric',
    r"Failed to add <class '.*LocalVisBackend'>": 'mmengine.visualization.visualizer',
    r'Warning: The \w+ is out of bounds': 'mmengine.visualization.visualizer',
    r'This DataLoader will create \d+ worker processes': 'torch.utils.data.dataloader',
}
OF_DETECTION = (
    'pycocotools.coco',
    'pycocotools.cocoeval',
    'mmdet.datasets.api_wrappers.coco_api',
    'mmdet.datasets.api_wrappers.cocoeval_mp',
)
PRINTING = ('mmengine.logging.logger', *OF_DETECTION)


class ConsoleRunner(Runner):
    """mmengine's Runner; its console leaves out what this file lists, its log file nothing."""

    def build_logger(self, *args: Any, **options: Any) -> MMLogger:
        """Mmengine's logger, quiet before its first message."""
        if self.cfg.get('default_scope') == 'mmdet':
            for name in OF_DETECTION:
                import_module(name)
        hide_printed()
        logger = super().build_logger(*args, **options)
        hide_logged(logger)
        return logger

    def train(self) -> Any:
        """Trains; the scores of a validation come in one line."""
        hide_printed(*TABLE)
        with bar_below_the_log(self):
            return super().train()

    def test(self) -> dict[str, float]:
        """Tests; the tables of the scores are printed."""
        hide_printed()
        with bar_below_the_log(self):
            return super().test()


class ConsoleTestRunner(ConsoleRunner):
    """Of a test, whose config goes beside its log.

    The one in the work folder is that of a training, with the options that were given to it.
    """

    @master_only
    def dump_config(self) -> None:
        """Writes the config into the folder of the log."""
        name = Path(self.cfg.filename or f'{self.timestamp}.py').name
        self.cfg.dump(Path(self.log_dir, name))


def hide_logged(logger: MMLogger) -> None:
    """Hides known messages from the console of a logger, not from its file."""
    for handler in logger.handlers:
        if not isinstance(handler, logging.FileHandler):
            handler.addFilter(_is_wanted)


def _is_wanted(record: logging.LogRecord) -> bool:
    return LOGGED.match(record.getMessage()) is None


def hide_printed(*others: str) -> None:
    """Hides known lines, and ``others``, of those modules of the hosts that print."""
    hidden = (*PRINTED, *others)

    def print_unknown(*values: Any, **options: Any) -> None:
        if not (values and str(values[0]).startswith(hidden)):
            builtins.print(*values, **options)

    for name in PRINTING:
        if name in sys.modules:
            sys.modules[name].print = print_unknown


for message, module in WARNED.items():
    warnings.filterwarnings('ignore', message, module=re.escape(module))
# mmdet and mmpretrain print as soon as they are imported, which our other imports may do.
hide_printed()
