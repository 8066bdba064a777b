"""Files of motion of any kind that the tools take: annotations, published infant files, AMASS-style ``.npz``."""

from pathlib import Path
from typing import Dict

from mmagenc.datasets.annotation import load_annotation
from mmagenc.datasets.motion_dataset import InfActPrimitive, InfantAction
from mmagenc.datasets.safe_pickle import load_pickle
from mmagenc.untrusted import open_npz
from mmagenc.untrusted.archives import READ_ERRORS

from .amass import read_amass
from .infact import read_infact
from .smpl_arrays import holds_poses

AMASS_CLASS = 'motion'
"""AMASS-style files say no class."""


def read_any_annotation(path) -> Dict:
    """Any annotation file, published infant files included, as an annotation.

    Raises:
        FileNotFoundError: no such file.
        AnnotationError: none that can be read.
    """
    if Path(path).suffix == '.pkl' and Path(path).is_file():
        content = load_pickle(path)
        if isinstance(content, (list, tuple)) and content and isinstance(content[0], dict):
            for dataset in (InfActPrimitive, InfantAction):
                if dataset.label_key in content[0]:
                    return read_infact(path, classes=dataset.METAINFO['classes'], label_key=dataset.label_key, skip_broken=True)
    return load_annotation(path)


def read_any_clips(path) -> Dict:
    """:func:`read_any_annotation`, and annotation files of clips without labels.

    Raises:
        FileNotFoundError, AnnotationError: as there.
    """
    try:
        return read_any_annotation(path)
    except ValueError:
        return load_annotation(path, unlabelled=True)


def read_any_motion(path, body_model) -> Dict:
    """:func:`read_any_annotation`, and AMASS-style ``.npz`` of one recording, as an annotation of one clip and one class.

    Args:
        path: the file.
        body_model: gives the positions that go with an AMASS-style file's rotations.

    Raises:
        FileNotFoundError, AnnotationError: as there.
        AmassError: an AMASS-style file that cannot be read.
    """
    if not _is_amass(path):
        return read_any_annotation(path)
    import torch

    from mmagenc.body_models.fitting import fit_of_pose
    recording, path = read_amass(path, up=None), Path(path)
    fit = fit_of_pose(torch.from_numpy(recording.pose), torch.from_numpy(recording.transl), rest_joints=body_model.rest_joints(),
                      usual='z', why='what AMASS has')
    recording = recording.upright(fit.assumed.up.up)
    pose, transl = (torch.from_numpy(values).float() for values in (recording.pose, recording.transl))
    joints = body_model.joints(pose, transl=transl).numpy()
    clip = dict(frame_dir=f'{path.resolve().parent.name}_{path.stem}', label=0, total_frames=len(recording), keypoint=joints[None],
                pose=pose.numpy()[None], transl=transl.numpy()[None], subject=path.resolve().parent.name, source='real')
    metainfo = dict(classes=[AMASS_CLASS], skeleton='smpl24', fps=recording.fps, up='y')
    return dict(split={'train': [clip['frame_dir']]}, metainfo=metainfo, annotations=[clip])


def _is_amass(path) -> bool:
    if Path(path).suffix != '.npz' or not Path(path).is_file():
        return False
    try:
        with open_npz(path) as file:
            return holds_poses(file.files) and 'header' not in file
    except READ_ERRORS:
        return False  # and what is wrong is said when it is read as an annotation
