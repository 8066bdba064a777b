"""Stand-in infants: synthesized clips in the published file format, for trying the package before real recordings are at hand.

Nothing here is a recording. A clip starts as a *script*, anatomical joint angles in degrees over time (one posture's typical angles,
moved by band-limited random functions and gait oscillators), becomes a body through forward kinematics with its subject's proportions,
is laid on the floor, and is then seen as a monocular pose estimator would see it: tilted camera, drift, jitter, limbs swapped between
left and right, orientation lost. The quick start has clips of its own (:func:`make_world`): as they happen, on the floor, as motion
capture in a room would have them.

N clips, T frames, J = 24 joints of SMPL, A anatomical angles. World and body: metres, y up, x the body's left, z forward in the rest pose.
"""

from .anatomy import ANGLES, FLESH, LOWER, SMPL, UPPER, body_rotations, lie_down, make_subject, pose_joints, subject_bones, travel
from .camera import Observer, observe_angles
from .scripts import POSTURES, Mixture, Script, blend
from .sets import ACTION, PRIMITIVE, SETS, SUBJECTS, VERSION, WORLD, WORLD_FILE, animate, make_split, make_world, plan_clips

__all__ = [
    'ACTION', 'ANGLES', 'FLESH', 'LOWER', 'Mixture', 'Observer', 'POSTURES', 'PRIMITIVE', 'SETS', 'SMPL', 'SUBJECTS', 'Script', 'UPPER',
    'VERSION', 'WORLD', 'WORLD_FILE', 'animate', 'blend', 'body_rotations', 'lie_down', 'make_split', 'make_subject', 'make_world',
    'observe_angles', 'plan_clips', 'pose_joints', 'subject_bones', 'travel'
]
