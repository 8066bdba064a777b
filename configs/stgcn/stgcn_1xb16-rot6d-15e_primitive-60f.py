# The recognizer that judges in the loop: 15 epochs on real clips.
_base_ = ['../_base_/recognizer_runtime.py', '../_base_/datasets/primitive_60f.py', '../_base_/models/stgcn_rot6d.py']

model = {{_base_.recognizer}}
optim_wrapper = {{_base_.recognizer_optim_wrapper}}

train_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_train_pipeline}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))
