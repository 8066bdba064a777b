# The generator alone: 1100 epochs on real clips. Tests need a recognizer's checkpoint (configs/stgcn).
_base_ = [
    '../_base_/generator_runtime.py', '../_base_/datasets/primitive_60f.py', '../_base_/models/cvae.py', '../_base_/models/stgcn_rot6d.py'
]

train_dataloader = dict(batch_sampler=dict(type='EvenBatchSampler'))
val_dataloader = None
test_evaluator = dict(
    judge=dict(
        recognizer={{_base_.recognizer}},
        pipeline={{_base_.recognizer_test_pipeline}},
        checkpoint='work_dirs/stgcn_1xb16-rot6d-15e_primitive-60f/epoch_15.pth'))
