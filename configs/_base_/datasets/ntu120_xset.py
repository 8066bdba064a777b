# NTU RGB+D 120, cross-setup: even setups train, odd ones test; the rest as cross-subject.
_base_ = './ntu120_xsub.py'

train_dataloader = dict(dataset=dict(split='xset_fit'))
val_dataloader = dict(dataset=dict(split='xset_holdout'))
test_dataloader = dict(dataset=dict(split='xset_val'))
