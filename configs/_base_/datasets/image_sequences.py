# Image sequences of one's own: frames, poses and masks in one folder, as tools/data/render_sequences.py writes them. A window is a source
# frame and the five that follow it.
ann_file = 'data/image_sequences/annotation.npz'
image_size = 64
window = dict(window=6, gap=1)
train_pipeline = [dict(type='LoadFrames', image_size=image_size, num_targets=1), dict(type='PackFrameInputs')]
test_pipeline = [dict(type='LoadFrames', image_size=image_size, test_mode=True), dict(type='PackFrameInputs')]
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='ImageSequenceDataset', ann_file=ann_file, split='train', pipeline=train_pipeline, **window))
test_dataloader = dict(
    batch_size=8,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ImageSequenceDataset', ann_file=ann_file, split='test', pipeline=test_pipeline, test_mode=True, **window))
