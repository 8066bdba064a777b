# The final recognizer: 100 epochs on real clips and the pool that `configs/infagenc/action_90f.py` left.
_base_ = './stgcn_1xb16-rot6d-15e_action-90f.py'

train_cfg = dict(max_epochs=100)
train_dataloader = dict(dataset=dict(ann_file=['data/InfActPlus/train_trans_data.pkl', 'work_dirs/action_90f/pool/pool.npz']))
