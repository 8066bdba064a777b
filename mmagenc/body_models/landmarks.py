"""Where the keypoints of a layout lie on a body of SMPL's layout: joints of its skeleton, and places of its skin.

T frames, N vertices, V keypoints of the layout.

SMPL's joints give most keypoints. Faces, feet and hands have keypoints on the skin; those are found in the rest pose by what they are (the
tip of the nose is the foremost point of the head) and hold for any body of this layout, whatever its vertices' order.
"""

from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

import numpy as np

from mmagenc.skeletons import Skeleton, get_skeleton, joint_map
from mmagenc.skeletons.joint_maps import JOINT_MAPS

from .body_model import BodyModel

SMPL = get_skeleton('smpl24')
_SIDES = ('left_', 'right_')
SAME_PLACE = dict(
    root='pelvis', hip='pelvis', hip_center='pelvis', spine_base='pelvis', mid_hip='pelvis', spine='spine2', spine_mid='spine2',
    torso='spine2', thorax='spine3', spine_shoulder='neck', shoulder_center='neck', neck_base='neck')
"""Names that other layouts have for joints of SMPL."""
LAYOUT_NAMES = {
    'h36m16': dict(right_foot='right_ankle', left_foot='left_ankle', head='smpl_head'),
    'halpe26': dict(head='crown', neck='shoulders'),
    'infant14': dict(head='crown'),
    'body25': dict(neck='shoulders'),
    'openpose18': dict(neck='shoulders'),
}
"""What names mean in layouts where they mean something of their own."""


@dataclass(frozen=True)
class Landmarks:
    """The keypoints of a layout on a body.

    Args:
        skeleton: the layout.
        sources: for each keypoint the SMPL joints (``'joint'``) or vertices (``'vertex'``) whose mean it is.
    """

    skeleton: Skeleton
    sources: Tuple[Tuple[str, Tuple[int, ...]], ...]

    def positions(self, joints: np.ndarray, vertices: np.ndarray) -> np.ndarray:
        """Keypoints ``(T, V, 3)`` of SMPL joints ``(T, 24, 3)`` and vertices ``(T, N, 3)``."""
        of = dict(joint=joints, vertex=vertices)
        return np.stack([of[kind][:, list(indices)].mean(axis=1) for kind, indices in self.sources], axis=1)


def body_landmarks(body_model: BodyModel, skeleton) -> Landmarks:
    """The keypoints of a layout on a body.

    Args:
        body_model: a body of SMPL's layout.
        skeleton: the layout, or its name.

    Raises:
        ValueError: keypoints that are nowhere known on the body; the message names them.
    """
    skeleton = get_skeleton(skeleton)
    if ('smpl24', skeleton.name) in JOINT_MAPS or skeleton.name == 'smpl24':
        return Landmarks(skeleton, tuple(('joint', (joint, )) for joint in joint_map('smpl24', skeleton)))
    own, places = LAYOUT_NAMES.get(skeleton.name, {}), skin_places(body_model)
    sources, unknown = [], []
    for name in skeleton.joint_names:
        meant = own.get(name, name)
        meant = SAME_PLACE.get(meant, meant)
        if meant in places:
            sources.append(('vertex', tuple(places[meant])))
        elif meant in SMPL.joint_names or meant == 'smpl_head':
            sources.append(('joint', (SMPL.index(meant.removeprefix('smpl_')), )))
        elif meant == 'shoulders':
            sources.append(('joint', tuple(SMPL.index(f'{side}shoulder') for side in _SIDES)))
        else:
            unknown.append(name)
    if unknown:
        raise ValueError(f'{skeleton.name}: {", ".join(unknown)} have no place on the body model; known are the joints of smpl24, '
                         f'{", ".join(sorted({*SAME_PLACE, *places} - set(SMPL.joint_names)))}')
    return Landmarks(skeleton, tuple(sources))


def rest_body(body_model: BodyModel) -> Tuple[np.ndarray, np.ndarray]:
    """Vertices ``(N, 3)`` of the mean body in rest pose, and for each the joint ``(N,)`` that moves it most."""
    return body_model.template.cpu().numpy(), body_model.skinning_weights.argmax(dim=1).cpu().numpy()


def skin_places(body_model: BodyModel) -> Dict[str, List[int]]:
    """Vertices of the face, the feet and the hands, by name; ``head`` is the middle of the head, ``crown`` its top."""
    rest, owner = rest_body(body_model)
    head = _owned(owner, 'head')
    skin = rest[head]
    middle, half = skin.mean(axis=0), np.abs(skin[:, 0]).max()
    top = skin[:, 1].max()
    central = head[np.abs(skin[:, 0]) < 0.12 * half]
    around_middle = central[np.abs(rest[central, 1] - middle[1]) < 0.35 * (top - middle[1])]
    nose = _farthest(rest, around_middle, (0, 0, 1))
    places = dict(head=head.tolist(), crown=[_farthest(rest, head, (0, 1, 0))], nose=[nose])
    eye_height = rest[nose, 1] + 0.19 * (top - rest[nose, 1])
    for side, sign in zip(_SIDES, (1, -1)):
        mine = head[sign * skin[:, 0] > 0]
        places[f'{side}ear'] = [_farthest(rest, mine[np.abs(rest[mine, 1] - middle[1]) < 0.5 * (top - middle[1])], (sign, 0, 0))]
        places[f'{side}eye'] = [_front(rest, mine, sign * 0.33 * half, eye_height)]
        places.update(_foot_places(rest, owner, side, sign))
        hand = _owned(owner, f'{side}wrist', f'{side}hand')
        places[f'{side}hand_tip'] = [_farthest(rest, hand, (sign, 0, 0))]
        places[f'{side}thumb'] = [_farthest(rest, hand, (0.3 * sign, 0, 1))]
    return places


def _foot_places(rest: np.ndarray, owner: np.ndarray, side: str, sign: int) -> Dict[str, List[int]]:
    foot = _owned(owner, f'{side}ankle', f'{side}foot')
    low = foot[rest[foot, 1] < rest[foot, 1].min() + 0.5 * np.ptp(rest[foot, 1])]
    toes = {'heel': (0, 0, -1), 'big_toe': (-0.5 * sign, 0, 1), 'small_toe': (1.5 * sign, 0, 1)}
    return {f'{side}{name}': [_farthest(rest, low, direction)] for name, direction in toes.items()}


def _owned(owner: np.ndarray, *joints: str) -> np.ndarray:
    """Vertices that one of the joints moves most."""
    found = np.flatnonzero(np.isin(owner, [SMPL.index(joint) for joint in joints]))
    if not len(found):
        raise ValueError(f'the body model has no skin at {" or ".join(joints)}: is this a mesh of SMPL\'s layout?')
    return found


def _farthest(rest: np.ndarray, vertices: np.ndarray, direction: Sequence[float]) -> int:
    return int(vertices[(rest[vertices] @ np.array(direction)).argmax()])


def _front(rest: np.ndarray, vertices: np.ndarray, x: float, y: float) -> int:
    """The foremost of the vertices that lie nearest to a place of the face, seen from the front."""
    ahead = vertices[rest[vertices, 2] > np.median(rest[vertices, 2])]
    return int(ahead[np.hypot(rest[ahead, 0] - x, rest[ahead, 1] - y).argmin()])
