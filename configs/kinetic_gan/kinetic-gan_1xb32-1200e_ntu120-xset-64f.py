# Kinetic-GAN on NTU RGB+D 120, cross-setup: mapping network of 8 layers.
_base_ = './kinetic-gan_1xb32-1200e_ntu120-xsub-64f.py'

train_dataloader = dict(dataset=dict(split='xset_train'))
test_dataloader = dict(dataset=dict(split='xset_val'))
