# MAE pretraining of a plain ViT-L at 224 px: the recipe of ViT-B.
#
#   bash tools/dist_train.sh configs/mae/vit_l_pretrain.py 8 --amp
#
# Batch: 8 GPUs x 512 images; the rate is for 4096 images (auto_scale_lr).
# Score: 85.9 % top-1 on ImageNet-1K after fine-tuning, quoted from facebookresearch/mae. Time and
#   score: not run by us.
_base_ = 'vit_b_pretrain.py'

model = dict(backbone=dict(arch='large'), neck=dict(embed_dim=1024))
