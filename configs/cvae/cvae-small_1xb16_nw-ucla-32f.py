# The CVAE on NW-UCLA keypoints (10 actions, 20 joints, each frame centred on the root), otherwise as on Bandai-Namco, with nearly as many
# batches.
_base_ = './cvae-small_1xb16_bandai-namco-32f.py'

ann_file = 'data/nw_ucla/nw_ucla.npz'
model = dict(representation=dict(_delete_=True, type='KeypointRepresentation', skeleton='ucla20', root_center=True))
train_dataloader = dict(dataset=dict(ann_file=ann_file))
test_dataloader = dict(dataset=dict(ann_file=ann_file))
param_scheduler = dict(begin=45, end=75)
train_cfg = dict(max_epochs=75)
default_hooks = dict(checkpoint=dict(interval=25))
