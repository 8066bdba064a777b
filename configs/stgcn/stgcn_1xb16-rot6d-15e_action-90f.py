# InfantAction: 15 epochs on real clips. There is no validation file, so nothing is chosen by validation: the last epoch counts.
_base_ = ['../_base_/recognizer_runtime.py', '../_base_/datasets/action_90f.py', '../_base_/models/stgcn_rot6d_90f.py']

model = {{_base_.recognizer}}
optim_wrapper = {{_base_.recognizer_optim_wrapper}}

train_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_train_pipeline}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))
val_cfg = None
val_evaluator = None
