# InfoGCN (Chi et al., CVPR 2022) at its published size: 64 channels, 3 heads, latent of 256; NTU RGB+D's 25 joints and two persons.
model = dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(type='mmagenc.InfoGCN', skeleton='ntu25', in_channels=3, num_person=2, num_heads=3, base_channels=64),
    cls_head=dict(
        type='mmagenc.InfoGCNHead',
        num_classes=60,
        in_channels=256,
        noise_ratio=0.5,
        z_prior_gain=3.,
        lambda_1=1e-4,
        lambda_2=1e-1,
        label_smooth_eps=0.1))
