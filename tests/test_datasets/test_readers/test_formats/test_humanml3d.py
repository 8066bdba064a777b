import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mmagenc.datasets.readers.formats.humanml3d import joints_of

from .reading import outcomes, recordings

FRAMES = 12


def walk():
    """Joints ``(T, 22, 3)`` of somebody who walks a curve, and the headings about y."""
    rng = np.random.default_rng(0)
    body, heading = rng.normal(size=(22, 3)) * 0.3, np.linspace(0.4, 2.2, FRAMES)
    body[0] = 0
    turns = Rotation.from_rotvec(heading[:, None] * [0, 1., 0]).as_matrix()
    root = np.cumsum(turns @ [0, 0, 0.1], axis=0) + [0, 0.9, 0]
    return np.einsum('tij,vj->tvi', turns, body) + root[:, None], heading


def features():
    """HumanML3D's features of that walk, by their definition, beside the joints from where the features begin: heading 0, at the origin."""
    joints, heading = walk()
    back = Rotation.from_rotvec(-heading[:, None] * [0, 1., 0]).as_matrix()
    local = np.einsum('tij,tvj->tvi', back, joints - joints[:, :1] * [1, 0, 1])
    made = np.zeros((FRAMES, 263))
    made[:-1, 0] = -np.diff(heading) / 2  # of the turn that takes the world to the heading
    # a step is seen from the heading at its end
    made[:-1, 1:3] = np.einsum('tij,tj->ti', back[1:], np.diff(joints[:, 0], axis=0))[:, [0, 2]]
    made[:, 3], made[:, 4:67] = joints[:, 0, 1], local[:, 1:].reshape(FRAMES, 63)
    start = joints[0, 0] * [1, 0, 1]
    return made, np.einsum('ij,tvj->tvi', back[0], joints - start)


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    np.save(path, content)
    return path


def test_positions_pass_as_they_are(tmp_path):
    joints, _ = walk()
    found, = recordings(write(tmp_path / 'walk/000021.npy', joints.astype(np.float32)), 'humanml3d', root=tmp_path)
    assert found.name == 'walk/000021' and (found.fps, found.up, found.skeleton) == (20, 'y', 'humanml22')
    assert np.allclose(found.keypoint[0], joints, atol=1e-6)


def test_of_smplhs_joints_those_of_the_body_are_taken(tmp_path):
    """HumanML3D's own ``joints`` folder has 52 joints, the body's 22 first."""
    joints, _ = walk()
    fingers = np.full((FRAMES, 30, 3), 9.)
    found, = recordings(write(tmp_path / 'joints/000021.npy', np.concatenate([joints, fingers], axis=1)), 'humanml3d')
    assert found.skeleton == 'humanml22' and np.allclose(found.keypoint[0], joints, atol=1e-6) and found.notes == ('fingers are left out', )


def test_positions_out_of_features(tmp_path):
    made, joints = features()
    found, = recordings(write(tmp_path / 'f.npy', made), 'humanml3d')
    assert np.allclose(found.keypoint[0], joints, atol=1e-5)


def test_clips_of_mdm_cut_to_their_lengths(tmp_path):
    joints, _ = walk()
    made = dict(motion=np.stack([joints, joints + 1]).transpose(0, 2, 3, 1), text=['a', 'b'], lengths=np.array([FRAMES, 5]), num_samples=2)
    first, second = recordings(write(tmp_path / 'results.npy', made), 'humanml3d')
    assert np.allclose(first.keypoint[0], joints, atol=1e-6) and second.keypoint.shape == (1, 5, 22, 3)
    assert second.name == 'results_0001' and np.allclose(second.keypoint[0], joints[:5] + 1, atol=1e-6)
    bad = outcomes(write(tmp_path / 'results.npy', dict(made, lengths=np.array([FRAMES, 50]))), 'humanml3d')
    assert bad[1] == f'lengths must be 2 numbers from 1 to {FRAMES}'


@pytest.mark.parametrize('content, words', [
    (np.full((5, 22, 3), np.nan), 'NaN'), (features()[0] - features()[0].mean(axis=0), 'normalized; multiply by Std.npy'),
    (np.zeros((5, 21, 3)), r'expected numbers \(T, 22, 3\)'), (np.zeros((0, 263)), 'got'), (np.float64(1), 'a single number'),
])
def test_what_is_no_motion_is_refused(content, words):
    with pytest.raises(ValueError, match=words):
        joints_of(np.asarray(content))


def standing(unit=1.):
    """Joints of somebody 1.6 m tall, who stands: legs first."""
    heights = [.9, .85, .85, 1., .45, .45, 1.1, .05, .05, 1.2, 0, 0, 1.4, 1.35, 1.35, 1.5, 1.35, 1.35, 1.1, 1.1, .85, .85]
    return np.stack([np.zeros((FRAMES, 22)), np.tile(heights, (FRAMES, 1)), np.zeros((FRAMES, 22))], axis=-1) * unit


def test_another_axis_up_is_told_and_taken_if_the_user_says_so(tmp_path):
    joints = standing()[..., [0, 2, 1]] * [1, -1, 1]
    found, = recordings(write(tmp_path / 'z.npy', joints), 'humanml3d')
    assert found.up == 'y' and '--up=z says so' in found.notes[0]
    found, = recordings(write(tmp_path / 'z.npy', joints), 'humanml3d', up='z')
    assert found.up == 'z' and found.notes == ()
    found, = recordings(write(tmp_path / 'y.npy', standing() * [1, -1, -1]), 'humanml3d', up='-y')
    assert found.up == 'y' and np.allclose(found.keypoint[0], standing())


def test_millimetres_are_refused_until_they_are_said(tmp_path):
    path = write(tmp_path / 'mm.npy', standing(1000.))
    with pytest.raises(ValueError, match='a person of 1500 from joint to joint: these are no metres; --unit says'):
        recordings(path, 'humanml3d')
    assert np.allclose(recordings(path, 'humanml3d', unit=.001)[0].keypoint[0], standing())


def test_normalized_features_are_known_by_thighs_that_change_their_length(tmp_path):
    """Whose mean height may be any."""
    made = np.random.default_rng(0).normal(size=(FRAMES, 263))
    made[:, 3] += 1
    with pytest.raises(ValueError, match='thighs of .* whose length changes by .* these features are normalized'):
        recordings(write(tmp_path / 'n.npy', made), 'humanml3d')
