"""Rotations in, the same rotations and the body's joints out."""

import pytest
import torch
from mmengine.registry import init_default_scope
from scipy.spatial.transform import Rotation

from mmagenc.models import RotationRepresentation
from mmagenc.skeletons import joint_map


@pytest.fixture(autouse=True)
def _scope():
    init_default_scope('mmagenc')


def inputs(batch=2, frames=4):
    pose = torch.from_numpy(Rotation.random(batch * frames * 24, random_state=0).as_rotvec()).float()
    return dict(pose=pose.view(batch, frames, 24, 3), transl=torch.randn(batch, frames, 3))


def test_encode_is_the_first_two_rows():
    clip = inputs()
    x = RotationRepresentation().encode(clip)
    rows = Rotation.from_rotvec(clip['pose'].reshape(-1, 3).numpy()).as_matrix()[:, :2].reshape(2, 4, 24, 6)
    torch.testing.assert_close(x, torch.from_numpy(rows).float(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('translation', [False, True])
def test_round_trip(translation):
    clip, representation = inputs(), RotationRepresentation(translation=translation)
    x = representation.encode(clip)
    assert x.shape == (2, 4, representation.num_joints, representation.num_channels) == (2, 4, 24 + translation, 6)
    motion = representation.decode(x, label=torch.tensor([0, 1]), length=torch.tensor([4, 4]))
    torch.testing.assert_close(motion.pose, clip['pose'], atol=1e-4, rtol=1e-4)
    path = clip['transl'] - clip['transl'][:, :1] if translation else None
    torch.testing.assert_close(motion.keypoint, representation.body_model.joints(clip['pose'], transl=path), atol=1e-5, rtol=1e-5)
    if translation:
        torch.testing.assert_close(motion.transl, path)
    else:
        assert motion.transl is None


def test_joints_are_root_centred():
    clip, representation = inputs(), RotationRepresentation(translation=True)
    expected = representation.body_model.joints(clip['pose'])
    torch.testing.assert_close(representation.joints(representation.encode(clip)), expected - expected[..., :1, :], atol=1e-5, rtol=1e-5)


def test_keypoints_in_another_layout():
    x = RotationRepresentation().encode(inputs())
    settings = dict(label=torch.zeros(2, dtype=torch.long), length=torch.full((2, ), 4))
    full, mapped = (RotationRepresentation(keypoint_skeleton=name).decode(x, **settings) for name in ('smpl24', 'infact17'))
    assert torch.equal(mapped.keypoint, full.keypoint[:, :, joint_map('smpl24', 'infact17')])


def test_what_is_missing_is_named():
    with pytest.raises(ValueError, match='KeypointRepresentation'):
        RotationRepresentation().encode(dict(keypoint=torch.zeros(1, 2, 17, 3)))
    with pytest.raises(ValueError, match='transl'):
        RotationRepresentation(translation=True).encode(dict(pose=torch.zeros(1, 2, 24, 3)))
