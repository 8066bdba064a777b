"""Body models in SMPL's layout, kinematics and rotations."""

from .body_model import BodyModel, InfantBody, JointsBody, SMPLBody, rest_joints_of
from .kinematics import forward_kinematics

__all__ = ['BodyModel', 'InfantBody', 'JointsBody', 'SMPLBody', 'forward_kinematics', 'rest_joints_of']
