"""Joint orders as their publishers write them, spelt here once more, in their words, from their own documents."""

import re

import pytest

from mmagenc.skeletons import get_skeleton

PUBLISHED = {
    # OpenPose, doc/02_output.md, POSE_BODY_25_BODY_PARTS and POSE_COCO_BODY_PARTS
    'body25': 'Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip LKnee LAnkle REye LEye REar LEar '
              'LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel',
    'openpose18': 'Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist RHip RKnee RAnkle LHip LKnee LAnkle REye LEye REar LEar',
    # Halpe-FullBody, README
    'halpe26': 'Nose LEye REye LEar REar LShoulder RShoulder LElbow RElbow LWrist RWrist LHip RHip LKnee RKnee LAnkle RAnkle Head Neck Hip '
               'LBigToe RBigToe LSmallToe RSmallToe LHeel RHeel',
    # COCO-WholeBody, data_format.md: body, then left and right foot
    'coco133_body': 'Nose LEye REye LEar REar LShoulder RShoulder LElbow RElbow LWrist RWrist LHip RHip LKnee RKnee LAnkle RAnkle '
                    'LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel',
    # MediaPipe, pose landmarker, landmarks 0 to 32
    'blazepose33': 'Nose LEyeInner LEye LEyeOuter REyeInner REye REyeOuter LEar REar MouthL MouthR LShoulder RShoulder LElbow RElbow '
                   'LWrist RWrist LPinky RPinky LIndex RIndex LThumb RThumb LHip RHip LKnee RKnee LAnkle RAnkle LHeel RHeel '
                   'LFootIndex RFootIndex',
    # SyRIP's 3D keypoints (Infant-Postural-Symmetry, measure_3d_pred.py; layout infant3d of InfantGCN), Leeds Sports Pose's order
    'infant14': 'RAnkle RKnee RHip LHip LKnee LAnkle RWrist RElbow RShoulder LShoulder LElbow LWrist Neck Head',
    # SMPL without hands, as HumanML3D numbers them
    'humanml22': 'Pelvis LHip RHip Spine1 LKnee RKnee Spine2 LAnkle RAnkle Spine3 LFoot RFoot Neck LCollar RCollar Head LShoulder '
                 'RShoulder LElbow RElbow LWrist RWrist',
    # SBU Kinect Interaction, README: joint number 1 to 15
    'sbu15': 'Head Neck Torso LShoulder LElbow LHand RShoulder RElbow RHand LHip LKnee LFoot RHip RKnee RFoot',
    # Xsens MVN user manual, the 23 segments, each by its origin
    'xsens23': 'Pelvis L5 L3 T12 T8 Neck Head RCollar RShoulder RElbow RWrist LCollar LShoulder LElbow LWrist RHip RKnee RAnkle RToe '
               'LHip LKnee LAnkle LToe',
}


def snake(name: str) -> str:
    words = re.findall(r'[A-Z][a-z0-9]*', name)
    return '_'.join({'L': 'left', 'R': 'right'}.get(word, word.lower()) for word in words)


@pytest.mark.parametrize('layout', PUBLISHED)
def test_joints_stand_in_the_published_order(layout):
    assert list(get_skeleton(layout).joint_names) == [snake(name) for name in PUBLISHED[layout].split()]


def test_humanmls_chains_are_paths_of_the_tree():
    """``t2m_kinematic_chain`` of HumanML3D: legs, spine, arms, each from its root outwards."""
    parents = get_skeleton('humanml22').parents
    for chain in ((0, 2, 5, 8, 11), (0, 1, 4, 7, 10), (0, 3, 6, 9, 12, 15), (9, 14, 17, 19, 21), (9, 13, 16, 18, 20)):
        assert [parents[joint] for joint in chain[1:]] == list(chain[:-1])


def test_openposes_limbs_are_bones():
    """``POSE_BODY_25_PAIRS``, but that the shoulders-to-ears lines are none."""
    pairs = ('1 8 1 2 1 5 2 3 3 4 5 6 6 7 8 9 9 10 10 11 8 12 12 13 13 14 1 0 0 15 15 17 0 16 16 18')
    joints = list(map(int, pairs.split()))
    bones = {frozenset(edge) for edge in get_skeleton('body25').edges}
    assert {frozenset(pair) for pair in zip(joints[::2], joints[1::2])} <= bones and len(bones) == 24
