# What helps a recognizer of your own few clips? Eight seeds of four arms, on positions of any layout in two or three dimensions:
#   mmagenc study configs/studies/own.py --cfg-options own_data.ann_file=data/mine.npz
# Where the clips name their subjects, each seed tests on some of these in turn and trains on the others (docs/own_few_clips.md).
_base_ = ['../_base_/recognizer_runtime.py', '../_base_/study_groups.py']

own_data = dict(ann_file=None, fill_gaps=dict(max_gap=10), num_persons=1)
_loader = dict(num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
train_dataloader = dict(_loader, batch_size=32, dataset=dict(pipeline={{_base_.recognizer_train_pipeline}}))
val_dataloader = dict(_loader, batch_size=64, dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))
test_dataloader = dict(_loader, batch_size=64, dataset=dict(pipeline={{_base_.recognizer_test_pipeline}}))

_random = dict(
    type='PostureTransferGenerator',
    representation=dict(type='KeypointRepresentation', skeleton='smpl24'),
    num_classes=2,
    num_frames=320,
    shift='random')
study = dict(
    name='own clips',
    seeds=[0, 1, 2, 3, 4, 5, 6, 7],
    clips_per_class=['all'],
    baselines=['real', 'strong'],
    generators=dict(random=dict(ratio=1., generator=dict(config=dict(model=_random)))),
    arms={
        '_delete_': True,
        'real': dict(augmentation='none'),
        'strong': dict(augmentation='strong'),
        'posture': dict(augmentation='posture'),
        'random': dict(augmentation='strong', generated='random'),
    })
