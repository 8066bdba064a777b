# Penn Action as ACT-VAE predicts it: nine actions, windows of a source pose and five later ones, in the pixels of a square of 128. Made by
#   mmagenc import-penn-action data/Penn_Action --preset act_vae --val-share 0.1 --windows \
#       --window-file testing_pair_penn5.txt --out data/penn_action/act_vae_windows.npz
# test is the published list without its static windows (1420), train and val are the rule's of the published training set (9846 and 1102),
# which is split='trainval' as a whole. Points that are hidden have a score of 0.
ann_file = 'data/penn_action/act_vae_windows.npz'
num_classes = 9
num_frames = 6
pipeline = [dict(type='PackMotionInputs')]
train_dataloader = dict(
    batch_size=24,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='train', pipeline=pipeline))
val_dataloader = dict(
    batch_size=256,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='val', pipeline=pipeline, test_mode=True))
test_dataloader = dict(
    batch_size=256,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='MotionDataset', ann_file=ann_file, split='test', pipeline=pipeline, test_mode=True))
