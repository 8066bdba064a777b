# As act-vae-small, with an inference network: in training z is inferred from the target, and the latent LSTM is the prior that it is
# measured against.
_base_ = './act-vae-small_1xb128_penn.py'

model = dict(num_rollouts=1, posterior=dict(hidden_dim=128, anneal_steps=200), loss_weights=dict(kl=0.2))
