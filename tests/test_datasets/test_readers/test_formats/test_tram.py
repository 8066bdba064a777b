import numpy as np
import pytest
import torch

from tests.smpl_motion import in_camera, matrices, pose, same_pose

from .reading import outcomes, recordings


def track(folder, number=0, frames=7, **changes):
    """As TRAM writes it: a dict of tensors as an array of NumPy's."""
    folder.mkdir(parents=True, exist_ok=True)
    content = dict(pred_rotmat=torch.from_numpy(matrices(in_camera(pose(frames)))).float(), pred_trans=torch.ones(frames, 1, 3),
                   pred_shape=torch.zeros(frames, 10), frame=torch.arange(frames) + 4)
    np.save(folder / f'hps_track_{number}.npy', {**content, **changes})
    return folder / f'hps_track_{number}.npy'


def test_a_track_is_turned_upright_and_called_by_its_video(tmp_path):
    found, = recordings(track(tmp_path / 'crawl/v1/hps'), 'tram', root=tmp_path)
    assert same_pose(found.pose[0], pose()) and found.frame_ids.tolist() == list(range(4, 11)) and found.transl is None
    assert (found.name, found.label) == ('crawl/v1', 'crawl')


def test_tracks_of_several_people(tmp_path):
    for number in range(2):
        path = track(tmp_path / 'v1/hps', number)
    found, = recordings(path, 'tram', root=tmp_path / 'v1/hps')
    assert (found.name, found.label) == ('v1_person1', None)


@pytest.mark.parametrize('changes, words', [(dict(pred_rotmat=torch.zeros(7, 24, 3, 3)), 'no rotation'),
                                            (dict(frame=torch.zeros(7)), 'frame does not ascend')])
def test_what_is_refused(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        outcomes(track(tmp_path, **changes), 'tram')
