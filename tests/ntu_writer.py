"""Made-up NTU RGB+D ``.skeleton`` files."""

import numpy as np

from mmagenc.skeletons import get_skeleton

ID = 72057594037931101  # as real IDs: neighbours are the same number in floating point


def person(frames, *, seed=0, move=0.3, place=(0., 0., 3.), wide=False):
    """``(T, 25, 3)`` metres of somebody upright (or lying along x) who wanders and trembles."""
    rng = np.random.default_rng(seed)
    rest = np.zeros((25, 3))
    for joint, parent in enumerate(get_skeleton('ntu25').parents):
        if joint in (12, 16):
            step = [0.1 if joint == 12 else -0.1, -0.05, 0]
        elif 13 <= joint <= 19:
            step = [0, -0.4, 0]
        elif 4 <= joint <= 11 or joint > 20:
            step = [0.1 if 'left' in get_skeleton('ntu25').joint_names[joint] else -0.1, -0.1, 0]
        else:
            step = [0, 0.25, 0]
        if parent >= 0:
            rest[joint] = rest[parent] + step
    rest += np.random.default_rng(99).normal(size=rest.shape) * 0.02
    if wide:
        rest = rest[:, [1, 0, 2]]
    path = np.cumsum(rng.normal(size=(frames, 1, 3)), axis=0) * move / np.sqrt(frames)
    return (rest + path + rng.normal(size=(frames, 25, 3)) * 0.005 + place).round(6)


def skeleton_text(num_frames, bodies):
    """A file of bodies: ``[(ID, frames, (F, 25, 3) joints)]``."""
    lines = [str(num_frames)]
    for frame in range(num_frames):
        here = [(name, joints[list(frames).index(frame)]) for name, frames, joints in bodies if frame in frames]
        lines.append(str(len(here)))
        for name, joints in here:
            lines += [f'{name} 0 1 1 1 1 0 0.01 -0.2 2', '25']
            lines += [f'{x} {y} {z} 250.1 200.2 950.3 500.4 -0.2 0.05 0.9 0.1 2' for x, y, z in joints]
    return '\r\n'.join(lines) + '\r\n'


def write_skeleton(path, bodies, num_frames=None):
    """Write bodies ``[(frames, joints)]`` with IDs that follow each other; returns the path."""
    named = [(ID + index, list(frames), joints) for index, (frames, joints) in enumerate(bodies)]
    if num_frames is None:
        num_frames = 1 + max((max(frames) for _, frames, _ in named), default=-1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(skeleton_text(num_frames, named), newline='')
    return path
