# Half-width ST-GCN on real clips and the pool that `configs/infagenc/bandai_namco_small.py` left.
_base_ = './stgcn-small_1xb16-rot6d-24e_bandai-namco.py'

train_dataloader = dict(
    dataset=dict(ann_file=['data/bandai_namco/motion.npz', 'work_dirs/bandai_namco_small/pool/pool.npz'], split='train'))
