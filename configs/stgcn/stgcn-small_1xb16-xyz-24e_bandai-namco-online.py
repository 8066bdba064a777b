# Half-width ST-GCN on positions; behind the recordings of each batch come clips that the trained generator of
# `configs/infagenc/bandai_namco_small.py` makes anew for every epoch. How many goes by the recordings a class has.
_base_ = './stgcn-small_1xb16-xyz-24e_bandai-namco.py'

default_hooks = dict(
    online_generation=dict(
        type='OnlineGenerationHook',
        generator=dict(config='configs/infagenc/bandai_namco_small.py', checkpoint='work_dirs/bandai_namco_small/epoch_250.pth')))
