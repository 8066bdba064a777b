# Stand-in (synthesized) infants in the world, y up and on the floor: mmagenc standin
_base_ = './primitive_60f.py'
ann_file = 'data/standin/world/primitive.npz'

train_dataloader = dict(dataset=dict(ann_file=ann_file, split='train'))
val_dataloader = dict(dataset=dict(ann_file=ann_file, split='val'))
test_dataloader = dict(dataset=dict(ann_file=ann_file, split='test'))
