from types import SimpleNamespace

import torch
from mmengine.model import BaseModel, MMDistributedDataParallel

from mmgreen.engine.unwrapping import unwrapped_model


class Linear(BaseModel):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return inputs * self.weight


def test_the_model_is_found_inside_of_its_wrapper(tmp_path):
    model = Linear()
    store = torch.distributed.FileStore(str(tmp_path / 'store'), 1)
    torch.distributed.init_process_group('gloo', store=store, rank=0, world_size=1)
    try:
        wrapper = MMDistributedDataParallel(model)
        assert unwrapped_model(SimpleNamespace(model=wrapper)) is model
    finally:
        torch.distributed.destroy_process_group()
    assert unwrapped_model(SimpleNamespace(model=model)) is model
