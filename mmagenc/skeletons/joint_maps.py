"""Index maps between layouts: ``target = source[..., JOINT_MAPS[source_name, target_name], :]``."""

from typing import List

JOINT_MAPS = {
    # The published map of InfAGenC's mixed sets.
    ('smpl24', 'infact17'): [0, 1, 4, 7, 2, 5, 8, 6, 9, 12, 15, 16, 18, 20, 17, 19, 21],
}
# Human3.6M stores the right leg first; both store the left arm first.
_LEGS_SWAPPED = [0, 4, 5, 6, 1, 2, 3, *range(7, 17)]
JOINT_MAPS['infact17', 'h36m17'] = _LEGS_SWAPPED
JOINT_MAPS['smpl24', 'h36m17'] = [JOINT_MAPS['smpl24', 'infact17'][joint] for joint in _LEGS_SWAPPED]


def joint_map(source: str, target: str) -> List[int]:
    """Indices into layout ``source`` that give layout ``target``.

    Raises:
        ValueError: no map between the two layouts is known.
    """
    if source == target:
        from . import get_skeleton
        return list(range(get_skeleton(source).num_joints))
    if (source, target) not in JOINT_MAPS:
        known = ', '.join(f'{a} to {b}' for a, b in JOINT_MAPS)
        raise ValueError(f'no joint map from {source} to {target}; known: {known}')
    return list(JOINT_MAPS[source, target])
