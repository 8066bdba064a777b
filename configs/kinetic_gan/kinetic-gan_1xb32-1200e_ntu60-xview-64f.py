# Kinetic-GAN on NTU RGB+D 60, cross-view: mapping network of 6 layers.
_base_ = './kinetic-gan_1xb32-1200e_ntu60-xsub-64f.py'

model = dict(networks=dict(mapping_layers=6))
train_dataloader = dict(dataset=dict(split='xview_train'))
test_dataloader = dict(dataset=dict(split='xview_val'))
