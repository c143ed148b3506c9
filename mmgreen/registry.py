"""The registries of mmgreen: children of mmengine's roots, under the scope ``mmgreen``.

A config writes ``type='mmgreen.X'``. mmengine then imports this file by its name and, on the first
look-up, the module that ``locations`` gives, so no config needs ``custom_imports``. mmengine hides
an error raised in here behind "not in the registry", which is why nothing in here can fail.
"""

import importlib

from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import DATA_SAMPLERS as ROOT_DATA_SAMPLERS
from mmengine.registry import DATASETS as ROOT_DATASETS
from mmengine.registry import FUNCTIONS as ROOT_FUNCTIONS
from mmengine.registry import HOOKS as ROOT_HOOKS
from mmengine.registry import LOOPS as ROOT_LOOPS
from mmengine.registry import METRICS as ROOT_METRICS
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS as ROOT_OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.registry import OPTIM_WRAPPERS as ROOT_OPTIM_WRAPPERS
from mmengine.registry import TRANSFORMS as ROOT_TRANSFORMS
from mmengine.registry import VISUALIZERS as ROOT_VISUALIZERS
from mmengine.registry import Registry

__all__ = [
    'DATASETS',
    'DATA_SAMPLERS',
    'FUNCTIONS',
    'HOOKS',
    'LOOPS',
    'METRICS',
    'MODELS',
    'OPTIM_WRAPPERS',
    'OPTIM_WRAPPER_CONSTRUCTORS',
    'TRANSFORMS',
    'VISUALIZERS',
]


# What needs mmdet, and is imported when it is asked for: pretraining does without.
FOR_DETECTION = {
    'CocoDataset': 'mmgreen.datasets.coco',
    'CocoMetric': 'mmgreen.datasets.coco_metric',
}


class LazyRegistry(Registry):
    """mmengine's Registry, which imports what is for detection when it is asked for."""

    def get(self, key: str) -> type | None:
        """The class of that name."""
        module = FOR_DETECTION.get(key.removeprefix('mmgreen.'))
        if module:
            importlib.import_module(module)
        return super().get(key)


MODELS = Registry('model', parent=ROOT_MODELS, scope='mmgreen', locations=['mmgreen.models'])
DATASETS = LazyRegistry(
    'dataset', parent=ROOT_DATASETS, scope='mmgreen', locations=['mmgreen.datasets']
)
DATA_SAMPLERS = Registry(
    'data sampler', parent=ROOT_DATA_SAMPLERS, scope='mmgreen', locations=['mmgreen.datasets']
)
TRANSFORMS = Registry(
    'transform', parent=ROOT_TRANSFORMS, scope='mmgreen', locations=['mmgreen.datasets']
)
FUNCTIONS = Registry(
    'function', parent=ROOT_FUNCTIONS, scope='mmgreen', locations=['mmgreen.datasets']
)
HOOKS = Registry('hook', parent=ROOT_HOOKS, scope='mmgreen', locations=['mmgreen.engine'])
LOOPS = Registry('loop', parent=ROOT_LOOPS, scope='mmgreen', locations=['mmgreen.engine'])
METRICS = LazyRegistry('metric', parent=ROOT_METRICS, scope='mmgreen', locations=['mmgreen.engine'])
VISUALIZERS = Registry(
    'visualizer',
    parent=ROOT_VISUALIZERS,
    scope='mmgreen',
    locations=['mmgreen.apis.detection_visualizer'],
)
OPTIM_WRAPPERS = Registry(
    'optim_wrapper', parent=ROOT_OPTIM_WRAPPERS, scope='mmgreen', locations=['mmgreen.engine']
)
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor',
    parent=ROOT_OPTIM_WRAPPER_CONSTRUCTORS,
    scope='mmgreen',
    locations=['mmgreen.engine'],
)

# mmengine resolves 'mmgreen::greenmim/x.py' only for packages in this table.
MODULE2PACKAGE.setdefault('mmgreen', 'mmgreen')
