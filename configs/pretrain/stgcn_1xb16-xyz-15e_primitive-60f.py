# Infants' postures, by a recognizer that begins with what it learnt from adults: any annotated motion of SMPL's joints, which are brought
# to the 17 keypoints of the infant files (mmagenc import makes such a file of BVH, AMASS and other recordings). Where it has classes:
#   mmagenc pretrain configs/pretrain/stgcn_1xb16-xyz-15e_primitive-60f.py --base data/adults.npz
# and where it has none, the same with --masked.
_base_ = '../stgcn/stgcn_1xb16-xyz-15e_primitive-60f.py'

optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.5)}))
default_hooks = dict(
    init=dict(type='mmagenc.InitFromHook', checkpoint='work_dirs/pretrain_stgcn_1xb16-xyz-15e_primitive-60f/epoch_15.pth'))
