"""Index maps between layouts: ``target = source[..., JOINT_MAPS[source_name, target_name], :]``."""

from typing import List

from . import (
    blazepose33,
    body25,
    coco17,
    coco133_body,
    h36m15,
    h36m16,
    h36m17,
    halpe26,
    humanml22,
    ntu25,
    openpose18,
    penn13,
    smpl24,
    ucla20,
)
from .library import SkeletonLike, get_skeleton
from .without import WORD, parts_of

JOINT_MAPS = {
    # The published map of InfAGenC's mixed sets.
    ('smpl24', 'infact17'): [0, 1, 4, 7, 2, 5, 8, 6, 9, 12, 15, 16, 18, 20, 17, 19, 21],
}
# Human3.6M stores the right leg first; both store the left arm first.
_LEGS_SWAPPED = [0, 4, 5, 6, 1, 2, 3, *range(7, 17)]
JOINT_MAPS['infact17', 'h36m17'] = _LEGS_SWAPPED
JOINT_MAPS['smpl24', 'h36m17'] = [JOINT_MAPS['smpl24', 'infact17'][joint] for joint in _LEGS_SWAPPED]
# HumanML3D's joints are SMPL's, and the hands that it lacks are in none of the two.
JOINT_MAPS['humanml22', 'infact17'] = JOINT_MAPS['smpl24', 'infact17']
JOINT_MAPS['humanml22', 'h36m17'] = JOINT_MAPS['smpl24', 'h36m17']
# Kinect's hip centre, spine and shoulder centre are no joints of SMPL: the nearest, as body_models.landmarks has them.
_KINECT = dict(hip_center='pelvis', spine='spine2', shoulder_center='neck')
JOINT_MAPS['smpl24', 'ucla20'] = [smpl24.NAMES.index(_KINECT.get(name, name)) for name in ucla20.NAMES]
_KINECT_2 = dict(hip_center='spine_base', spine='spine_mid', shoulder_center='spine_shoulder')
JOINT_MAPS['ntu25', 'ucla20'] = [ntu25.NAMES.index(_KINECT_2.get(name, name)) for name in ucla20.NAMES]
# Kinetic-GAN leaves out the base of the neck and calls the root hip, SLT leaves that out too.
_NO_NECK = [index for index, name in enumerate(h36m17.NAMES) if name != 'neck_base']
JOINT_MAPS['h36m17', 'h36m16'], JOINT_MAPS['h36m17', 'h36m15'] = _NO_NECK, _NO_NECK[1:]
JOINT_MAPS['h36m16', 'h36m15'] = [h36m16.NAMES.index(name) for name in h36m15.NAMES]
# These name the same places of the body alike.
for _source, _target in ((smpl24, humanml22), (coco133_body, coco17), (halpe26, coco17), (body25, coco17), (openpose18, coco17),
                         (blazepose33, coco17), (halpe26, coco133_body), (body25, coco133_body), (body25, openpose18)):
    JOINT_MAPS[_source.SKELETON.name, _target.SKELETON.name] = [_source.NAMES.index(name) for name in _target.NAMES]
# Penn Action marks the middle of the head; of what pose estimators give the nose is nearest (Halpe's head is its top).
for _source in (coco17, coco133_body, halpe26, body25, openpose18, blazepose33):
    JOINT_MAPS[_source.SKELETON.name, 'penn13'] = [_source.NAMES.index('nose' if name == 'head' else name) for name in penn13.NAMES]


def joint_map(source: SkeletonLike, target: SkeletonLike) -> List[int]:
    """Indices into layout ``source`` that give layout ``target``.

    Raises:
        ValueError: an unknown layout, or no map between the two is known.
    """
    source, target = get_skeleton(source), get_skeleton(target)
    if source.name == target.name:
        return list(range(source.num_joints))
    if (source.name, target.name) not in JOINT_MAPS and WORD in target.name:
        base = get_skeleton(parts_of(target.name)[0])  # what the target is taken of
        if set(target.joint_names) <= set(source.joint_names) and parts_of(source.name)[0] == base.name:
            return [source.joint_names.index(name) for name in target.joint_names]
        whole = joint_map(source, base)
        return [whole[base.joint_names.index(name)] for name in target.joint_names]
    if (source.name, target.name) not in JOINT_MAPS:
        known = ', '.join(f'{a} to {b}' for a, b in JOINT_MAPS)
        raise ValueError(f'no joint map from {source.name} to {target.name}; known: {known}. Add one of your own as '
                         f'mmagenc.skeletons.JOINT_MAPS[{source.name!r}, {target.name!r}], {target.num_joints} indices into {source.name}')
    return list(JOINT_MAPS[source.name, target.name])
