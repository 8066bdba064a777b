# The loop's hook, as far as all loops say the same. A config with this base makes it one of its hooks with what is its own:
#   default_hooks = dict(infagenc=dict(_base_.pop('infagenc'), begin=1100, recognizer=dict(...)))
# From there on it is a hook like the others: a config on top of that one writes default_hooks = dict(infagenc=dict(begin=0)).
infagenc = dict(type='InfAGenCHook', interval=10)
