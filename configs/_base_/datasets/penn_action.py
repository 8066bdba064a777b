# Penn Action for generators, recognizers and the loop: ACT-VAE's nine actions, whole videos in the pixels of a square of 128, 32 frames.
# Made by
#   mmagenc import-penn-action data/Penn_Action --preset act_vae --val-share 0.1 --hidden-score 0.5 --fill-gaps 10 \
#       --crop-size 128 --out data/penn_action/act_vae_clips.npz
# which keeps clips in which every joint has a place throughout (places that were guessed count half): 1233, of which 620 train, 69 val (the
# last tenth of each class by name), 544 test.
ann_file = 'data/penn_action/act_vae_clips.npz'
num_classes = 9
num_frames = 32
train_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames), dict(type='PackMotionInputs')]
test_pipeline = [dict(type='ConsecutiveSample', num_frames=num_frames, test_mode=True), dict(type='PackMotionInputs')]
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='val', pipeline=test_pipeline, test_mode=True))
test_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='test', pipeline=test_pipeline, test_mode=True))
