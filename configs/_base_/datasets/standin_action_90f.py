# Stand-in (synthesized) clips in the format of InfantAction: mmagenc standin
# As in the published set there is no validation file: nothing is held out of train, and test is not looked at while training.
_base_ = './action_90f.py'
data_root = 'data/standin/InfActPlus/'

train_dataloader = dict(dataset=dict(ann_file=data_root + 'train_trans_data.pkl'))
val_dataloader = None
test_dataloader = dict(dataset=dict(ann_file=data_root + 'test_trans_data.pkl'))
