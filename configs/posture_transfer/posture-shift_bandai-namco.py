# Random postures in the place of other people's: what is left of the idea without any other motion.
_base_ = './posture-transfer_bandai-namco.py'

model = dict(base=None, shift='random')
