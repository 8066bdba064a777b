# Stand-in (synthesized) clips in the format of InfActPrimitive: mmagenc standin
_base_ = './primitive_60f.py'
data_root = 'data/standin/InfActPrimitive/Data/'

train_dataloader = dict(dataset=dict(ann_file=data_root + 'primitive_train.pkl'))
val_dataloader = dict(dataset=dict(ann_file=data_root + 'primitive_validate.pkl'))
test_dataloader = dict(dataset=dict(ann_file=data_root + 'primitive_test.pkl'))
