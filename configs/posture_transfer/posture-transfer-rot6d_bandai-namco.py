# The same as joint rotations with the body's path, on an infant's body: what a judge of rotations can be asked.
_base_ = './posture-transfer_bandai-namco.py'

model = dict(representation=dict(_delete_=True, type='RotationRepresentation', translation=True))
