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
