"""Human3.6M files as 3d-pose-baseline ships them, of made-up persons and cameras."""

import h5py
import numpy as np

ORDER = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
"""Of the 32 points, those that move, by the names of the published list: Hip RHip RKnee RFoot LHip LKnee LFoot Spine Thorax Neck/Nose Head
LShoulder LElbow LWrist RShoulder RElbow RWrist."""
STANDING = np.array([[0, 0, 900], [-130, 0, 900], [-130, 0, 450], [-130, 0, 50], [130, 0, 900], [130, 0, 450], [130, 0, 50], [0, 0, 1150],
                     [0, 0, 1400], [0, -60, 1480], [0, 0, 1600], [160, 0, 1390], [300, 0, 1150], [350, -60, 920], [-160, 0, 1390],
                     [-300, 0, 1150], [-350, -60, 920]], dtype=np.float64)
"""Millimetres, z up, facing -y."""
NAMES = ('54138969', '55011271', '58860488', '60457274')


def body(frames, seed=0):
    """``(T, 17, 3)`` of a person who walks through the room and trembles."""
    rng = np.random.default_rng(seed)
    path = np.linspace([-900, -600, 0], [700, 800, 0], frames) + rng.normal(scale=100, size=(1, 3)) * [1, 1, 0]
    return STANDING + path[:, None] + rng.normal(scale=3, size=(frames, 17, 3))


def positions_content(points):
    """``(96, T)``: the points that do not move lie far away, so that whoever reads one of them sees it."""
    every = np.full((len(points), 32, 3), 6e4)
    every[:, ORDER] = points
    return every.reshape(len(points), 96).T


def write_positions(path, points):
    """A file of positions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, 'w') as file:
        file['3D_positions'] = positions_content(points)
    return path


def cameras(seed=0):
    """Four cameras around the room that look at its middle, as ``name: dict(R, T, f, c, k, p)`` with ``R`` from room to camera."""
    rng, result = np.random.default_rng(seed), {}
    for name, (x, y) in zip(NAMES, [(1900, 4800), (2000, -5000), (-1800, 5100), (-1900, -4900)]):
        place = np.array([x, y, 1550]) + rng.normal(scale=50, size=3)
        ahead = np.array([0, 0, 900]) - place
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, [0, 0, 1])
        right /= np.linalg.norm(right)
        result[name] = dict(R=np.stack([right, np.cross(ahead, right), ahead]), T=place[:, None], f=rng.normal(1146, 2, size=(2, 1)),
                            c=rng.normal(512, 5, size=(2, 1)), k=np.array([[-0.2], [0.24], [-0.002]]),
                            p=rng.normal(scale=2e-3, size=(2, 1)))
    return result


def camera_content(subjects, seed=0, change=None):
    """Arrays of ``cameras.h5`` by their names; ``change(subject, name, content)`` may give another content of a camera."""
    result = {}
    for subject in subjects:
        for number, (name, camera) in enumerate(cameras(seed + subject).items(), 1):
            content = dict(camera, R=camera['R'].T, Name=np.array([[ord(letter)] for letter in name], dtype=np.uint16))
            content = content if change is None else change(subject, name, content)
            result.update({f'subject{subject}/camera{number}/{key}': value for key, value in content.items()})
    return result


def write_cameras(path, subjects, change=None):
    """``cameras.h5``, see :func:`camera_content`."""
    with h5py.File(path, 'w') as file:
        for name, value in camera_content(subjects, change=change).items():
            file[name] = value
    return path


def write_set(folder, subjects=(1, 11), actions=('Walking', 'Sitting'), frames=40):
    """Two sequences of each action and subject, of 40, 41 … frames; gives ``(T, 17, 3)`` by ``(subject, file name)``."""
    written = {}
    for subject in subjects:
        for action in actions:
            for name in (action, f'{action} 1'):
                points = body(frames + len(written), seed=len(written))
                write_positions(folder / f'S{subject}/MyPoses/3D_positions/{name}.h5', points)
                written[subject, name] = points
    write_cameras(folder / 'cameras.h5', subjects)
    return written
