# The final recognizer: 100 epochs on real clips and the pool that `configs/infagenc/primitive_60f.py` left.
_base_ = './stgcn_1xb16-rot6d-15e_primitive-60f.py'

train_cfg = dict(max_epochs=100)
train_dataloader = dict(
    dataset=dict(ann_file=['data/InfActPrimitive/Data/primitive_train.pkl', 'work_dirs/primitive_60f/pool/pool.npz']))
