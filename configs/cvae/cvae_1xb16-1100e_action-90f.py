# The generator alone: 1100 epochs on real clips. Tests need a recognizer's checkpoint (configs/stgcn).
_base_ = [
    '../_base_/generator_runtime.py', '../_base_/datasets/action_90f.py', '../_base_/models/cvae.py',
    '../_base_/models/stgcn_rot6d_90f.py'
]

model = dict(num_classes=4, num_frames=90)
train_dataloader = dict(batch_sampler=dict(type='EvenBatchSampler'))
test_evaluator = dict(
    judge=dict(
        recognizer={{_base_.recognizer}},
        pipeline={{_base_.recognizer_test_pipeline}},
        checkpoint='work_dirs/stgcn_1xb16-rot6d-15e_action-90f/epoch_15.pth'))
