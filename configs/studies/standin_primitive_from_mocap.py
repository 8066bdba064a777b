# Stand-in infants (synthesized) with 5 and 10 clips a posture, and adults' motion at hand: Bandai-Namco in the layout of the infant files.
# Its numbers say how the parts behave on made-up motion, and nothing about infants.
_base_ = ['../_base_/recognizer_runtime.py', '../_base_/datasets/standin_primitive_60f.py', '../_base_/study_groups.py']

model = dict(backbone=dict(num_keypoints=17), cls_head=dict(num_classes=5))
train_dataloader = dict(batch_size=32, dataset=dict(pipeline={{_base_.recognizer_train_pipeline}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))

_transfer = dict(
    type='PostureTransferGenerator',
    representation=dict(type='KeypointRepresentation', skeleton='infact17'),
    num_classes=5,
    num_frames=60,
    base=dict(ann_file='{base}', groups='subject'))
study = dict(
    name='stand-in infants (synthesized)',
    base=dict(ann_file='data/bandai_namco/motion.npz', augmentation='strong'),
    generators=dict(transfer=dict(ratio=1., generator=dict(config=dict(model=_transfer))),
                    random=dict(ratio=1., generator=dict(config=dict(model=dict(_transfer, shift='random'))))))
