# bandai_namco_styles.py with a quarter-width ST-GCN in the place of the FCN: whether what holds of the one holds of the other.
_base_ = './bandai_namco_styles.py'

model = dict(
    backbone=dict(
        _delete_=True, type='mmagenc.FastSTGCN', in_channels=3, base_channels=16,
        graph_cfg=dict(layout='smpl24', mode='stgcn_spatial')),
    cls_head=dict(in_channels=64))
study = dict(name='Bandai-Namco, unseen styles, ST-GCN')
