# What InfoGCN sees of NW-UCLA: the dataset's augmentation, then relative positions to the k-th ancestor, or their motion.
# The tree is ucla20's own, rooted at the hips: P⁷ = 0, so k = 8 gives plain positions.
crop = [
    dict(type='RootCenter', joint=1, per_frame=False),
    dict(type='RandomViewRotate', angle=60, scale=(0.5, 1.5)),
    dict(type='MinMaxScale'),
    dict(type='SortedSample', num_frames=52),
]
pack = [dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]

# One pipeline for training and test: the transforms know from the dataset which it is. `…_augmented`: training clips mirrored left to right
# with probability 0.5 (none of the actions is bound to one side), a limb led astray as often. This is not published. Positions get noise on
# every joint too; from bone to bone or from frame to frame it would drown what there is to see.
extra = [dict(type='RandomMirror'), dict(type='RandomOcclusion')]
pipelines = {}
for k in (1, 2, 8):
    pipelines[f'k{k}'] = [*crop, dict(type='KthMode', k=k, skeleton='ucla20'), *pack]
    pipelines[f'k{k}_motion'] = [*crop, dict(type='KthMode', k=k, skeleton='ucla20'), dict(type='MotionStream'), *pack]
for name in list(pipelines):
    pipelines[f'{name}_augmented'] = [*extra, *pipelines[name]]
# `…_aligned`: bodies are turned so that the shoulders of their first frame lie along x, since views differ by a turn; half the frames.
# Augmented as above, but for motion, which is only mirrored. Not published.
align = dict(type='mmaction.PreNormalize3D', zaxis=[0, 1], xaxis=[8, 4], align_spine=False)
seen = [crop[0], dict(type='RandomViewRotate', angle=20, scale=(0.5, 1.5)), crop[2], dict(type='SortedSample', num_frames=26)]
for k in (1, 2, 8):
    mode = dict(type='KthMode', k=k, skeleton='ucla20')
    pipelines[f'k{k}_aligned'] = [*extra, align, *seen, mode, *pack]
    pipelines[f'k{k}_motion_aligned'] = [extra[0], align, *seen, mode, dict(type='MotionStream'), *pack]
for name in ('k8_augmented', 'k8_aligned'):
    pipelines[name].insert(len(extra), dict(type='JointNoise', position=0.02))
for k in (1, 2):  # for published weights, whose modes go down the tree
    pipelines[f'k{k}_published'] = [*crop, dict(type='KthMode', k=k, skeleton='ucla20_infogcn'), *pack]
del k, name, crop, pack, extra, align, seen, mode
