# What InfoGCN sees of NTU RGB+D: 64 frames of a random part, turned at random; relative positions to the k-th ancestor, or their motion.
# The tree is the published one (rooted at the middle of the spine, finger tips behind thumbs): P⁸ = 0, so k = 8 gives plain positions.
resize = [dict(type='RandomCropResize', num_frames=64, ratio=(0.5, 1.), test_ratio=0.95), dict(type='RandomRotation', angle=0.3)]
pack = [dict(type='mmaction.FormatGCNInput', num_person=2), dict(type='mmaction.PackActionInputs')]

# One pipeline for training and test: the transforms know from the dataset which it is.
pipelines = {}
for k in (1, 2, 8):
    pipelines[f'k{k}'] = [*resize, dict(type='KthMode', k=k, skeleton='ntu25_infogcn'), *pack]
    pipelines[f'k{k}_motion'] = [*resize, dict(type='KthMode', k=k, skeleton='ntu25_infogcn'), dict(type='MotionStream'), *pack]
del k, resize, pack
