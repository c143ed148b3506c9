import subprocess

import torch
from torch import nn

from mmgreen.analysis.measuring import memory_per_image, time_matrix_products, time_once

CPU = torch.device('cpu')


def two_layers(batch):
    first, second = nn.Linear(30, 20), nn.Linear(20, 10)
    second(first(torch.ones(batch, 30)).tanh()).sum().backward()


def test_memory_is_what_an_image_adds_to_what_is_saved():
    model = nn.Sequential(nn.Linear(30, 20), nn.Tanh(), nn.Linear(20, 10))

    def step(batch):
        model(torch.ones(batch, 30)).sum().backward()

    # the input and the output of the tanh, which the second layer shares
    assert memory_per_image(model, step, CPU) == (30 + 20) * 4


def test_every_matrix_product_is_timed_once_and_nothing_else(monkeypatch):
    monkeypatch.setattr(
        'mmgreen.analysis.measuring.time_once', lambda work, device: [work(), 1.0][1]
    )
    # Two forward; backward two for weights and one for what lies between the layers.
    assert time_matrix_products(two_layers, 2, CPU) == 5


def test_time_once_runs_the_work_once():
    runs = []
    assert time_once(lambda: runs.append(1), CPU) > 0
    assert runs == [1]


# In a process of its own: memory that others have freed would be used again, unseen.
PEAK = """
import torch
from mmgreen.analysis.measuring import peak_bytes

print(peak_bytes(lambda: torch.ones(2**26).sum(), torch.device('cpu')))
"""


def test_the_peak_of_work_is_what_it_held_at_once(python):
    done = subprocess.run([python, '-c', PEAK], capture_output=True, text=True, check=True)
    assert 256 * 2**20 <= int(done.stdout) < 300 * 2**20
