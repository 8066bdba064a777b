"""Keypoints of any layout on the body: SMPL's joints where they are, and places of the skin that lie where their names say."""

import numpy as np
import pytest
import torch

from mmagenc.body_models import InfantBody
from mmagenc.body_models.landmarks import body_landmarks, rest_body, skin_places
from mmagenc.skeletons import SKELETONS, Skeleton, get_skeleton, joint_map

SMPL = get_skeleton('smpl24')


@pytest.fixture(scope='module')
def body():
    return InfantBody()


@pytest.fixture(scope='module')
def rest(body):
    return body.rest_joints().numpy()[None], rest_body(body)[0][None]


def place(body, rest, layout, name):
    skeleton = get_skeleton(layout)
    return body_landmarks(body, layout).positions(*rest)[0, skeleton.index(name)]


@pytest.mark.parametrize('layout', sorted(set(SKELETONS) - {'blazepose33', 'xsens23'}))
def test_left_is_left_and_the_head_is_above_the_feet_in_every_layout(body, rest, layout):
    skeleton = get_skeleton(layout)
    keypoint = body_landmarks(body, layout).positions(*rest)[0]
    assert keypoint.shape == (skeleton.num_joints, 3)
    for left, right in skeleton.pairs:
        one, other = keypoint[skeleton.index(left)], keypoint[skeleton.index(right)]
        assert one[0] > 0.005, left
        np.testing.assert_allclose(one, other * (-1, 1, 1), atol=6e-3, err_msg=left)  # the body is symmetric
    assert len(np.unique(keypoint.round(4), axis=0)) == skeleton.num_joints or layout in ('ntu25', 'ntu25_infogcn')
    knees = [keypoint[joint, 1] for joint, name in enumerate(skeleton.joint_names) if 'knee' in name]
    assert keypoint[skeleton.find(('head', 'nose')), 1] > max(knees) + 0.25


def test_joints_that_smpl_has_are_smpls(body, rest):
    for name in ('left_wrist', 'right_knee', 'left_shoulder'):
        np.testing.assert_array_equal(place(body, rest, 'penn13', name), rest[0][0, SMPL.index(name)])
    np.testing.assert_array_equal(body_landmarks(body, 'infact17').positions(*rest), rest[0][:, joint_map('smpl24', 'infact17')])
    np.testing.assert_array_equal(place(body, rest, 'h36m16', 'left_foot'), rest[0][0, SMPL.index('left_ankle')])
    np.testing.assert_array_equal(place(body, rest, 'infant14', 'head'), place(body, rest, 'halpe26', 'head'))
    shoulders = (place(body, rest, 'body25', 'left_shoulder') + place(body, rest, 'body25', 'right_shoulder')) / 2
    np.testing.assert_allclose(place(body, rest, 'body25', 'neck'), shoulders, atol=1e-6)


def test_the_face_is_a_face(body, rest):
    nose, eye, ear, crown = (place(body, rest, layout, name) for layout, name in (
        ('coco17', 'nose'), ('coco17', 'left_eye'), ('coco17', 'left_ear'), ('halpe26', 'head')))
    assert abs(nose[0]) < 0.005 and nose[2] > eye[2] > ear[2]
    assert 0.01 < eye[0] < ear[0] and nose[1] < eye[1] < crown[1] - 0.05
    head = place(body, rest, 'penn13', 'head')
    assert nose[2] > head[2] > ear[2] and crown[1] > head[1] > rest[0][0, SMPL.index('neck'), 1]


def test_feet_point_forward(body, rest):
    toe, small, heel = (place(body, rest, 'halpe26', f'left_{name}') for name in ('big_toe', 'small_toe', 'heel'))
    assert toe[2] > small[2] - 0.03 > heel[2] and small[0] > toe[0] + 0.01


def test_places_of_the_skin_move_with_it(body):
    pose = torch.zeros(1, 24, 3)
    pose[0, SMPL.index('head'), 1] = np.pi / 2  # the head turns to the left
    vertices, joints = body.vertices(pose).numpy(), body.joints(pose).numpy()
    found = body_landmarks(body, 'coco17').positions(joints, vertices)[0]
    assert found[0, 0] > 0.05 and abs(found[0, 2]) < 0.05


def test_a_layout_with_unknown_places_is_refused_by_their_names(body):
    layout = Skeleton('tailed', ('pelvis', 'tail', 'left_horn'), (-1, 0, 0))
    with pytest.raises(ValueError, match='tailed: tail, left_horn have no place on the body model; known are the joints of smpl24'):
        body_landmarks(body, layout)


def test_a_body_without_a_head_is_named(body):
    class Headless:
        template, skinning_weights = body.template, body.skinning_weights.clone()
    Headless.skinning_weights[:, SMPL.index('head')] = 0
    with pytest.raises(ValueError, match='no skin at head'):
        skin_places(Headless)
