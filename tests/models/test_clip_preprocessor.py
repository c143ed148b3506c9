import numpy as np
import torch
from mmpretrain.models.utils import ClsDataPreprocessor
from mmpretrain.structures import DataSample

from mmgreen.models.clip_preprocessor import ClipPreprocessor

SETTINGS = dict(num_classes=3, mean=[10.0, 20.0, 30.0], std=[2.0, 4.0, 5.0], to_rgb=True)


def batch(frames):
    inputs = torch.randint(256, (4, 3, frames, 24, 32), dtype=torch.uint8)
    return inputs, [DataSample().set_gt_label(i % 3) for i in range(4)]


def test_each_frame_is_normalised_as_an_image_is():
    inputs, samples = batch(3)  # as many as there are channels, where a wrong axis would not show
    got = ClipPreprocessor(**SETTINGS)(dict(inputs=inputs, data_samples=samples))['inputs']
    for frame in range(3):
        images = dict(inputs=inputs[:, :, frame], data_samples=samples)
        assert torch.equal(got[:, :, frame], ClsDataPreprocessor(**SETTINGS)(images)['inputs'])


def test_mixup_and_cutmix_do_with_each_frame_what_they_do_with_an_image():
    for kind in ('Mixup', 'CutMix'):
        augments = dict(augments=[dict(type=kind, alpha=1.0)])
        inputs, samples = batch(5)
        results = []
        for made, some in (
            (ClipPreprocessor, inputs),
            *((ClsDataPreprocessor, inputs[:, :, frame]) for frame in range(5)),
        ):
            torch.manual_seed(0)
            np.random.seed(0)
            preprocess = made(**SETTINGS, batch_augments=augments)
            results.append(preprocess(dict(inputs=some, data_samples=samples), training=True))
        clips, *frames = results
        for frame, each in enumerate(frames):
            assert torch.allclose(clips['inputs'][:, :, frame], each['inputs'])
        scores = torch.stack([each.gt_score for each in clips['data_samples']])
        assert torch.allclose(scores.sum(1), torch.ones(4))
        assert ((scores > 0).sum(1) == 2).any()
