# Kinetic-GAN on NTU RGB+D 120, cross-subject: 120 actions, mapping network of 8 layers; else as for NTU RGB+D 60.
# MMAction2's ntu120_3d.pkl has the same splits.
_base_ = './kinetic-gan_1xb32-1200e_ntu60-xsub-64f.py'

ann_file = 'data/ntu120/ntu120.npz'
num_classes = 120
model = dict(num_classes=num_classes, networks=dict(mapping_layers=8))
train_dataloader = dict(dataset=dict(ann_file=ann_file))
test_dataloader = dict(dataset=dict(ann_file=ann_file))
