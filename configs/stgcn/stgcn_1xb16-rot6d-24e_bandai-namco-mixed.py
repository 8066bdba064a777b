# The same recognizer on real clips and the pool that `configs/infagenc/bandai_namco.py` left.
_base_ = './stgcn_1xb16-rot6d-24e_bandai-namco.py'

train_dataloader = dict(
    dataset=dict(ann_file=['data/bandai_namco/motion.npz', 'work_dirs/bandai_namco/pool/pool.npz'], split='train'))
