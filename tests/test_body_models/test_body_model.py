import pickle
import sys

import numpy as np
import pytest
import torch

from mmagenc.body_models import InfantBody, JointsBody, SMPLBody
from mmagenc.body_models.rotations import axis_angle_to_matrix
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton

from .synthetic_smpl import PARENTS, smpl_content

NAMES = get_skeleton('smpl24').joint_names


@pytest.fixture(scope='module')
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('smpl') / 'model.npz'
    np.savez(path, **smpl_content())
    return path


@pytest.fixture(scope='module')
def body(model_file):
    return SMPLBody(model_path=model_file)


@pytest.fixture(scope='module')
def infant():
    return InfantBody()


def reference_lbs(content, pose, betas):
    """Vertices and joints by smplx, for (N, 24, 3) poses and (N, S) betas."""
    lbs = pytest.importorskip('smplx.lbs').lbs
    tensor = {key: torch.from_numpy(np.asarray(value, np.float64)) for key, value in content.items() if key != 'kintree_table'}
    posedirs = tensor['posedirs'].reshape(-1, 207).T
    shapedirs = tensor['shapedirs'][..., :betas.shape[-1]]
    return lbs(betas.double(), axis_angle_to_matrix(pose.double()), tensor['v_template'], shapedirs, posedirs, tensor['J_regressor'],
               torch.from_numpy(PARENTS), tensor['weights'], pose2rot=False)


@pytest.mark.parametrize('num_betas', [20, 10, 0])
def test_joints_and_vertices_equal_smplx(body, num_betas):
    pose, betas, transl = torch.randn(6, 24, 3), torch.randn(6, num_betas), torch.randn(6, 3)
    vertices, joints = reference_lbs(smpl_content(), pose, betas)
    torch.testing.assert_close(body.joints(pose, betas=betas), joints.float(), atol=1e-5, rtol=0)
    torch.testing.assert_close(body.vertices(pose, betas=betas), vertices.float(), atol=1e-5, rtol=0)
    torch.testing.assert_close(body.joints(pose, betas=betas, transl=transl), joints.float() + transl[:, None], atol=1e-5, rtol=0)
    torch.testing.assert_close(body.vertices(pose, transl, betas), vertices.float() + transl[:, None], atol=1e-5, rtol=0)


def test_same_joints_as_smplx_own_layer_from_one_file(tmp_path):
    smplx = pytest.importorskip('smplx')
    content = smpl_content(vertices=6890, betas=10, dtype=np.float32)
    path = tmp_path / 'SMPL_NEUTRAL.pkl'
    path.write_bytes(pickle.dumps(content))
    layer, body = smplx.SMPLLayer(str(path), num_betas=10), SMPLBody(model_path=path)
    pose, betas = torch.randn(2, 24, 3), torch.randn(2, 10)
    rotmat = axis_angle_to_matrix(pose)
    output = layer(global_orient=rotmat[:, :1], body_pose=rotmat[:, 1:], betas=betas)
    torch.testing.assert_close(body.joints(pose, betas=betas), output.joints[:, :24], atol=1e-5, rtol=0)
    torch.testing.assert_close(body.vertices(pose, betas=betas), output.vertices, atol=1e-5, rtol=0)


def test_leading_dimensions_rotmat_and_betas_per_clip(body):
    pose, betas = torch.randn(2, 5, 24, 3), torch.randn(2, 20)
    joints, vertices = body.joints(pose, betas=betas), body.vertices(pose, betas=betas)
    assert joints.shape == (2, 5, 24, 3) and vertices.shape == (2, 5, 150, 3)
    torch.testing.assert_close(joints[1, 3], body.joints(pose[1, 3], betas=betas[1]))
    torch.testing.assert_close(vertices[1, 3], body.vertices(pose[1, 3], betas=betas[1]))
    torch.testing.assert_close(body.joints(rotmat=axis_angle_to_matrix(pose), betas=betas), joints)
    torch.testing.assert_close(body.vertices(rotmat=axis_angle_to_matrix(pose), betas=betas), vertices)
    assert body.joints(pose[:0]).shape == (0, 5, 24, 3)


def test_rest_joints(body):
    content = smpl_content()
    betas = torch.randn(3, 20)
    shaped = content['v_template'] + np.einsum('vcs,bs->bvc', content['shapedirs'], betas.numpy())
    np.testing.assert_allclose(body.rest_joints(betas), content['J_regressor'] @ shaped, atol=1e-6)
    np.testing.assert_allclose(body.rest_joints(), content['J_regressor'] @ content['v_template'], atol=1e-6)
    torch.testing.assert_close(body.joints(torch.zeros(24, 3)), body.rest_joints())


def test_precision_and_gradients(body):
    pose = torch.randn(2, 24, 3)
    single, double = body.joints(pose), body.joints(pose.double())
    assert double.dtype == torch.float64 and body.vertices(pose.double()).dtype == torch.float64
    torch.testing.assert_close(single, double.float())
    with torch.autocast('cpu', torch.bfloat16):
        assert body.joints(pose).equal(single)
        torch.testing.assert_close(body.vertices(pose), body.vertices(pose.double()).float(), atol=1e-5, rtol=0)
        assert body.joints(rotmat=axis_angle_to_matrix(pose).bfloat16()).dtype == torch.float32
    pose, betas = pose.double().requires_grad_(), torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p, b: body.joints(p, betas=b), (pose, betas))


def test_number_of_betas(model_file, body):
    assert body.num_betas == 20
    short, pose = SMPLBody(model_path=model_file, num_betas=4), torch.randn(24, 3)
    assert short.num_betas == 4
    torch.testing.assert_close(short.joints(pose, betas=torch.ones(4)), body.joints(pose, betas=torch.ones(4)))
    with pytest.raises(ValueError, match='num_betas=21: this body model has 20'):
        SMPLBody(model_path=model_file, num_betas=21)
    with pytest.raises(ValueError, match='5 betas given, this body has 4'):
        short.joints(pose, betas=torch.ones(5))


def test_wrong_arguments_are_named(body):
    with pytest.raises(ValueError, match='either pose'):
        body.joints()
    with pytest.raises(ValueError, match=r'pose has shape \(2, 72\), expected'):
        body.joints(torch.zeros(2, 72))
    with pytest.raises(ValueError, match=r'rotmat has shape \(24, 3\), expected'):
        body.vertices(rotmat=torch.zeros(24, 3))
    with pytest.raises(ValueError, match='more leading dimensions'):
        body.joints(torch.zeros(2, 24, 3), betas=torch.zeros(2, 5, 3))


def test_mesh_without_smplx_says_what_to_install(body, monkeypatch):
    monkeypatch.setitem(sys.modules, 'smplx', None)
    monkeypatch.setitem(sys.modules, 'smplx.lbs', None)
    with pytest.raises(ImportError, match=r'pip install mmagenc\[mesh\]'):
        body.vertices(torch.zeros(24, 3))
    assert body.joints(torch.zeros(24, 3)).shape == (24, 3)


def test_bodies_are_registered_and_leave_checkpoints_small(model_file):
    body = MODELS.build(dict(type='mmagenc.SMPLBody', model_path=str(model_file), num_betas=10))
    assert isinstance(body, SMPLBody) and body.num_betas == 10
    assert isinstance(MODELS.build(dict(type='mmagenc.InfantBody')), InfantBody)
    assert not body.state_dict()


def test_infant_is_a_baby_in_t_pose(infant):
    joints = dict(zip(NAMES, infant.rest_joints()))
    vertices = infant.vertices(torch.zeros(24, 3))
    low, high = vertices.amin(0), vertices.amax(0)
    assert infant.joints(torch.zeros(24, 3))[0].abs().max() < 1e-6, 'the pelvis is the origin'
    assert 0.7 < high[1] - low[1] < 0.8, 'metres tall'
    assert infant.faces.max() == len(vertices) - 1 and infant.faces.dtype == torch.int64
    for side, sign in (('left', 1), ('right', -1)):
        arm = [joints[f'{side}_{part}'] for part in ('shoulder', 'elbow', 'wrist', 'hand')]
        assert all((after - before)[0] * sign > 0 and (after - before)[1:].abs().max() < 1e-4 for before, after in zip(arm, arm[1:]))
        leg = [joints[f'{side}_{part}'] for part in ('hip', 'knee', 'ankle')]
        assert all((after - before)[1] < 0 and (after - before)[[0, 2]].abs().max() < 1e-4 for before, after in zip(leg, leg[1:]))
        assert joints[f'{side}_foot'][2] > joints[f'{side}_ankle'][2], 'toes forward'
        assert (joints['left_hip'] * torch.tensor([-1, 1, 1]) - joints['right_hip']).abs().max() < 1e-3
    trunk = [joints[name][1] for name in ('left_hip', 'pelvis', 'spine1', 'spine2', 'spine3', 'neck', 'head')]
    assert trunk == sorted(trunk), 'spine upwards from the hips'


def test_infant_betas_keep_the_pelvis_and_mean_what_the_readme_says(infant):
    shape = {name: infant.rest_joints(torch.eye(3)[index]) for index, name in enumerate(('size', 'age', 'weight'))}
    rest = infant.rest_joints()
    assert infant.num_betas == 3
    assert all(joints[0].abs().max() < 1e-5 for joints in shape.values())
    torch.testing.assert_close(shape['size'], 1.07 * rest, atol=1e-5, rtol=0)

    zero = torch.zeros(24, 3)

    def leg_share(betas):
        vertices, hip = infant.vertices(zero, betas=betas)[:, 1], infant.rest_joints(betas)[NAMES.index('left_hip'), 1]
        return (hip - vertices.min()) / (vertices.max() - vertices.min())

    shares = [leg_share(torch.tensor([0, age, 0])) for age in (-1.0, 0.0, 1.0)]
    assert shares == sorted(shares) and shares[2] - shares[0] > 0.02, 'legs grow faster than the rest'
    width = [infant.vertices(zero, betas=torch.tensor([0, 0, weight]))[:, 2].max() for weight in (-1.0, 0.0, 1.0)]
    assert width == sorted(width), 'the belly grows with the weight'


def test_a_body_of_joints_alone(infant):
    """Poses as the body does that its joints are of, to the bit, and has no mesh."""
    body, pose = JointsBody(rest_joints=infant.rest_joints().tolist()), torch.randn(5, 24, 3)
    assert torch.equal(body.joints(pose, transl=torch.ones(5, 3)), infant.joints(pose, transl=torch.ones(5, 3)))
    with pytest.raises(ValueError, match='joints alone and no mesh'):
        body.vertices(pose)
    for wrong in ([[0, 0, 0]], np.full((24, 3), np.nan)):
        with pytest.raises(ValueError, match=r'rest_joints must be \(24, 3\) finite numbers'):
            JointsBody(rest_joints=wrong)
