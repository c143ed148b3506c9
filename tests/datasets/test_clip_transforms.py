import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate

from mmgreen.datasets.clip_transforms import (
    CropAlongLongSide,
    ForEachClip,
    PackClips,
    collate_clips,
)
from mmgreen.datasets.seeding import seeded

NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
ALL = [
    dict(type='mmpretrain.RandomResizedCrop', scale=32, backend='pillow'),
    dict(type='mmcv.transforms.RandomFlip', prob=0.5),
    dict(
        type='mmpretrain.RandAugment',
        policies='timm_increasing',
        num_policies=4,
        total_level=10,
        magnitude_level=7,
        magnitude_std=0.5,
    ),
    dict(type='mmpretrain.RandomErasing', erase_prob=0.5, mode='rand'),
]


def clips(number=1, frames=3, image=NOISE):
    return [dict(frames=[image] * frames) for _ in range(number)]


class TestForEachClip:
    def test_frames_of_a_clip_have_one_draw_and_clips_have_their_own(self):
        transform = ForEachClip(ALL)
        with seeded(3):
            done = transform(dict(clips=clips(8)))['clips']
        for clip in done:
            first = clip['frames'][0]
            assert first.shape == (32, 32, 3)
            assert all(np.array_equal(first, each) for each in clip['frames'])
        assert len({each['frames'][0].tobytes() for each in done}) == 8
        assert {each['flip'] for each in done} == {True, False}

    def test_frames_that_were_one_array_are_not_erased_twice(self):
        before = NOISE.copy()
        ForEachClip([dict(type='mmpretrain.RandomErasing', erase_prob=1.0)])(dict(clips=clips()))
        assert np.array_equal(before, NOISE)


@pytest.mark.parametrize('is_high', [False, True])
def test_crops_along_the_long_side(is_high):
    image = NOISE.transpose(1, 0, 2) if is_high else NOISE
    done = CropAlongLongSide(40, 3)(dict(clips=clips(2, image=image)))['clips']
    assert len(done) == 6
    for clip, begin in zip(done, [0, 10, 20] * 2, strict=True):
        part = image[begin : begin + 40] if is_high else image[:, begin : begin + 40]
        assert all(np.array_equal(each, part) for each in clip['frames'])
    (centre,) = CropAlongLongSide(20, 1)(dict(clips=clips()))['clips']
    assert np.array_equal(centre['frames'][0], NOISE[10:30, 20:40])
    with pytest.raises(ValueError, match='have no crop of 41'):
        CropAlongLongSide(41)(dict(clips=clips()))


class TestPacked:
    def packed(self, number):
        frames = [dict(frames=[NOISE, NOISE + i], flip=bool(i)) for i in range(number)]
        return PackClips()(dict(clips=frames, gt_label=2, img_path='a.mp4', num_repeated=1))

    def test_one_clip(self):
        one = self.packed(1)
        assert one['inputs'].shape == (3, 2, 40, 60) and one['inputs'].is_contiguous()
        assert torch.equal(one['inputs'][:, 0], torch.from_numpy(NOISE).permute(2, 0, 1))
        sample = one['data_samples']
        assert (sample.img_path, sample.num_repeated, int(sample.gt_label)) == ('a.mp4', 1, 2)

    def test_a_batch_has_every_clip_of_every_video(self):
        batch = collate_clips([self.packed(3), self.packed(1), self.packed(2)])
        assert batch['inputs'].shape == (6, 3, 2, 40, 60)
        assert [each.flip for each in batch['data_samples']] == [
            False,
            True,
            True,
            False,
            False,
            True,
        ]

    def test_in_a_test_views_stay_apart(self):
        batch = default_collate([self.packed(3), self.packed(3)])
        assert [each.shape for each in batch['inputs']] == [(2, 3, 2, 40, 60)] * 3
        assert [len(each) for each in batch['data_samples']] == [2] * 3
