# The quick trainings of SLT: clips are made of averaged weights, because which batch is the last decides how adversarial training ends.
_base_ = './slt_runtime.py'

default_hooks = dict(ema=dict(type='EMAHook', momentum=0.003))
