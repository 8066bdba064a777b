# Loops of generators that are small enough for two CPU cores. Unlike the published rule: a class that so small a generator cannot do must
# not stop the others.
_base_ = './infagenc_loop.py'

infagenc = dict(selector=dict(type='MedianRatioSelector', balanced=False))
