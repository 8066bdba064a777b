# The loop of every quick preset; a preset adds the recognizer's model and pipelines.
_base_ = ['./quick_generator.py', './infagenc_small.py']

default_hooks = dict(
    infagenc=dict(
        _base_.pop('infagenc'),
        begin=280,
        recognizer_warmup_epochs=35,
        recognizer_epochs=4,
        recognizer=dict(optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, fused=True)), batch_size=16)))
