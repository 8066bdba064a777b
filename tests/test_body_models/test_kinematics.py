import pytest
import torch

from mmagenc.body_models.kinematics import forward_kinematics
from mmagenc.body_models.rotations import axis_angle_to_matrix
from mmagenc.skeletons import get_skeleton

PARENTS = get_skeleton('smpl24').parents
SHUFFLED = (3, 0, 3, 4, -1, 4, 1)  # parents behind their children, the root in the middle


def naive(rotmat, rest, parents):
    """World rotation G_j = G_parent R_j, position p_j = p_parent + G_parent (rest_j - rest_parent), joint by joint."""
    world, positions = {}, {}

    def visit(joint):
        if joint in world:
            return
        parent = parents[joint]
        if parent < 0:
            world[joint], positions[joint] = rotmat[joint], rest[joint]
            return
        visit(parent)
        world[joint] = world[parent] @ rotmat[joint]
        positions[joint] = positions[parent] + world[parent] @ (rest[joint] - rest[parent])

    for joint in range(len(parents)):
        visit(joint)
    return torch.stack([positions[joint] for joint in range(len(parents))]), torch.stack([world[joint] for joint in range(len(parents))])


@pytest.mark.parametrize('parents', [PARENTS, SHUFFLED, (-1,), (-1, 0)])
@pytest.mark.parametrize('batch', [(), (1,), (2, 3)])
@pytest.mark.parametrize('own_rest', [False, True])
def test_equals_the_loop_over_joints(parents, batch, own_rest):
    rotmat = axis_angle_to_matrix(torch.randn(*batch, len(parents), 3, dtype=torch.float64))
    rest = torch.randn(*(batch if own_rest else ()), len(parents), 3, dtype=torch.float64)
    positions, world = forward_kinematics(rotmat, rest, parents, return_rotations=True)
    rests = rest.expand(*batch, len(parents), 3).reshape(-1, len(parents), 3)
    expected = [naive(r, j, parents) for r, j in zip(rotmat.reshape(-1, len(parents), 3, 3), rests)]
    torch.testing.assert_close(positions, torch.stack([p for p, _ in expected]).reshape(*batch, -1, 3))
    torch.testing.assert_close(world, torch.stack([w for _, w in expected]).reshape(*batch, -1, 3, 3))
    torch.testing.assert_close(forward_kinematics(rotmat, rest, parents), positions)


def test_rest_joints_broadcast_and_empty_batch():
    rotmat, rest = axis_angle_to_matrix(torch.randn(2, 5, 24, 3)), torch.randn(2, 1, 24, 3)
    result = forward_kinematics(rotmat, rest, PARENTS)
    torch.testing.assert_close(result[1], forward_kinematics(rotmat[1], rest[1, 0], PARENTS))
    assert forward_kinematics(rotmat[:0], rest[0, 0], PARENTS).shape == (0, 5, 24, 3)


def test_gradients_equal_finite_differences():
    rotmat = axis_angle_to_matrix(torch.randn(2, 7, 3, dtype=torch.float64)).requires_grad_()
    rest = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda r, j: forward_kinematics(r, j, SHUFFLED, return_rotations=True), (rotmat, rest))
    assert torch.autograd.gradcheck(lambda r, j: forward_kinematics(r, j, SHUFFLED), (rotmat, rest))


def test_autocast_and_half_precision_stay_float32_inside():
    rotmat, rest = axis_angle_to_matrix(torch.randn(4, 24, 3)), torch.randn(24, 3)
    expected = forward_kinematics(rotmat, rest, PARENTS)
    with torch.autocast('cpu', torch.bfloat16):
        assert forward_kinematics(rotmat, rest, PARENTS).equal(expected)
    half = forward_kinematics(rotmat.bfloat16(), rest, PARENTS)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, expected, atol=0.2, rtol=0)


def test_first_use_in_inference_mode_does_not_spoil_training():
    parents = (-1, 0, 1, 2, 0)  # used in no other test: tables are made here
    rotmat = axis_angle_to_matrix(torch.randn(2, 5, 3))
    with torch.inference_mode():
        forward_kinematics(rotmat, torch.randn(5, 3), parents)
    rotmat.requires_grad_()
    forward_kinematics(rotmat, torch.randn(5, 3), parents).sum().backward()
    assert rotmat.grad.isfinite().all()


@pytest.mark.parametrize('parents', [(-1, -1, 0), (1, 0, -1), (0, 1, 2)])
def test_no_tree_is_refused(parents):
    with pytest.raises(ValueError, match='no tree'):
        forward_kinematics(torch.eye(3).expand(3, 3, 3), torch.zeros(3, 3), parents)


def test_numbers_of_joints_must_agree():
    with pytest.raises(ValueError, match='rotmat has 3 joints, rest_joints 24, parents 24'):
        forward_kinematics(torch.eye(3).expand(3, 3, 3), torch.zeros(24, 3), PARENTS)
