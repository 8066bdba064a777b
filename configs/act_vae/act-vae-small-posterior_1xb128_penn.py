# As act-vae-small, with an inference network: in training z is inferred from the target, and the latent LSTM is the prior that it is
# measured against. An energy score of clips drawn from the prior makes them differ as much as they err, and the clip without noise is
# trained as the deterministic LSTM is, for those who want one prediction.
_base_ = './act-vae-small_1xb128_penn.py'

model = dict(
    num_rollouts=1,
    posterior=dict(hidden_dim=128, anneal_steps=200),
    loss_weights=dict(l1=120., energy=80., centre=100., kl=0.2))
