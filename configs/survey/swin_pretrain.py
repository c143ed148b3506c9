# GreenMIM pretraining of a small Swin (6 M) on tree crowns in aerial photographs, at 128 px.
#
#   python tools/dataset_converters/make_survey_data.py data/survey
#   python tools/train.py configs/survey/swin_pretrain.py
#
# Ours; as cells/swin_pretrain.py but for the images. Crops of some 64 px are magnified to 128, so
# that a crown (41 px in the median) spans two to three units. Of the 61 tiles 8 are held out.
_base_ = ['../cells/swin_pretrain.py', '../_base_/survey_pixels.py']

model = dict(data_preprocessor=_base_.survey_pixels)
data = dict(data_root='data/survey/unlabelled', held_out=8)
crop = dict(
    type='mmpretrain.RandomResizedCrop',
    scale=_base_.size,
    crop_ratio_range=(0.016, 0.04),
    backend='pillow',
    interpolation='bicubic',
)
read, _, *flips, pack = _base_.train_dataloader.dataset.pipeline
train_dataloader = dict(dataset=dict(**data, pipeline=[read, crop, *flips, pack]))
test_dataloader = val_dataloader = dict(dataset=dict(**data, pipeline=[read, crop, pack]))
