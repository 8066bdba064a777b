# Penn Action with its frames, as ACT-VAE makes images of it: nine actions, windows of a source frame and five later ones, cut and padded to
# a square of 128. Made by
#   mmagenc import-penn-action data/Penn_Action --preset act_vae --windows \
#       --window-file testing_pair_penn5.txt --out data/Penn_Action/act_vae_windows.npz
# beside the frames of the full download (data/Penn_Action/frames/0001/000001.jpg, …). In training two of the five targets are read: one for
# its own pose, one of the first four for the pose that is predicted for it.
ann_file = 'data/Penn_Action/act_vae_windows.npz'
image_size = 128
train_pipeline = [dict(type='LoadFrames', image_size=image_size, mask='box'), dict(type='PackFrameInputs')]
test_pipeline = [dict(type='LoadFrames', image_size=image_size, mask='box', test_mode=True), dict(type='PackFrameInputs')]
train_dataloader = dict(
    batch_size=24,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='ImageSequenceDataset', ann_file=ann_file, split='train', pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=24,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ImageSequenceDataset', ann_file=ann_file, split='test', pipeline=test_pipeline, test_mode=True))
