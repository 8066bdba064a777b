"""What leaves, what is refused, and where it goes."""

from dataclasses import replace

import numpy as np
import pytest

from mmagenc.datasets.writers.exporting import ExportError, export_clips, file_names, save_clips
from mmagenc.datasets.writers.registry import WriteOptions, Writer, all_writers, chosen_writer
from mmagenc.registry import WRITERS
from tests.test_datasets.test_writers.clips import flat_clip, kinect_clip, smpl_annotation, smpl_clip, with_gap


def test_what_is_known_of_a_clip_goes_with_it():
    clip = smpl_clip()
    assert (clip.name, clip.label, clip.subject, clip.source, clip.split, clip.fps, clip.up) == (
        'kick/1', 'kick', 's7', 'synthetic', 'train', 25., 'y')


def test_points_without_a_place_are_nan_and_persons_who_are_nowhere_are_left_out():
    annotation = with_gap(smpl_annotation())
    clip = annotation['annotations'][0]
    for key in ('keypoint', 'pose', 'transl', 'keypoint_score'):
        clip[key] = np.concatenate([clip[key], np.zeros_like(clip[key])])
    exported = export_clips(annotation)[0]
    assert exported.num_persons == 1 and np.argwhere(exported.missing).tolist() == [[0, 2, 4]]


@pytest.mark.parametrize('change, said', [(dict(skeleton=None), '--skeleton names it'), (dict(keypoint=0.), 'no point has a place')])
def test_a_clip_that_says_too_little_is_refused(change, said):
    annotation = smpl_annotation()
    annotation['metainfo'].update({key: value for key, value in change.items() if key == 'skeleton'})
    annotation['annotations'][0]['keypoint'] *= change.get('keypoint', 1)
    with pytest.raises(ExportError, match=said):
        export_clips(annotation)


def test_turned_to_z_and_back_left_stays_left_and_the_body_goes_along():
    clip = smpl_clip()
    turned = clip.turned('z')
    np.testing.assert_allclose(turned.keypoint, np.stack([clip.keypoint[..., 0], -clip.keypoint[..., 2], clip.keypoint[..., 1]], -1),
                               atol=1e-6)
    import torch

    from mmagenc.datasets.writers.turning import usual_body
    joints = usual_body().joints(torch.from_numpy(turned.pose[0]), transl=torch.from_numpy(turned.transl[0])).numpy()
    np.testing.assert_allclose(joints, turned.keypoint[0], atol=1e-5)
    np.testing.assert_allclose(turned.turned('y').keypoint, clip.keypoint, atol=1e-6)


@pytest.mark.parametrize('make, name, options, said', [
    (flat_clip, 'a.bvh', {}, 'holds places in space'),
    (lambda: replace(smpl_clip(), fps=None), 'a.trc', {}, '--fps does'),
    (lambda: export_clips(with_gap(smpl_annotation()))[0], 'a.bvh', {}, 'left_knee in frame 2'),
    (kinect_clip, 'a.glb', dict(skin=True), 'needs rotations of joints'),
    (smpl_clip, 'a.trc', dict(skin=True), 'holds no body mesh'),
    (smpl_clip, 'a.glb', dict(unit='cm'), 'glTF has unit m, got cm'),
    (smpl_clip, 'a.trc', dict(unit='ft'), 'unit must be one of m, cm, mm'),
    (smpl_clip, 'a.trc', dict(writer=dict(wide=True)), "no setting 'wide'"),
    (lambda: replace(smpl_clip(), up=None), 'a.bvh', dict(up='z'), '--source-up says it'),
    (smpl_clip, 'a.xyz', {}, r'no format has the ending .xyz'),
    (smpl_clip, 'folder', {}, 'needs the name of a format'),
    (smpl_clip, 'folder', dict(format='gltf'), 'is one file, which ends in .glb or .gltf'),
])
def test_what_a_format_cannot_hold_is_refused_and_nothing_is_written(make, name, options, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        save_clips([make()], tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_a_file_a_clip_and_a_person(tmp_path):
    saved = save_clips([smpl_clip(), smpl_clip(), kinect_clip(persons=2)], tmp_path / 'out', 'trc')
    assert [path.name for path in saved.paths] == ['kick_1.trc', 'kick_1.2.trc', 'k_person1.trc', 'k_person2.trc']
    assert all(path.is_file() for path in saved.paths) and 'lost: class and subject (4 times)' in saved.notes
    with pytest.raises(ExportError, match='one clip of one person a file, these are 2'):
        save_clips([kinect_clip(persons=2)], tmp_path / 'k.trc')


def test_file_names_differ_where_case_does_not_count():
    assert file_names(['a/b', 'A b', 'a_b.2', '..', 'ü']) == ['a_b', 'A_b.2', 'a_b.2.2', 'clip', 'ü']


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):

    class Failing(Writer):
        name, suffixes = 'failing', ('.fail', )

        def write(self, clips, path, options):
            path.write_text('half')
            raise ValueError('clip kick/1: no')

    WRITERS.import_from_location()
    monkeypatch.setitem(WRITERS.module_dict, 'failing', Failing)
    (tmp_path / 'a.fail').write_text('old')
    with pytest.raises(ExportError, match='a.fail: clip kick/1: no'):
        save_clips([smpl_clip()], tmp_path / 'a.fail')
    assert [path.read_text() for path in tmp_path.iterdir()] == ['old']


def test_no_clips_are_refused(tmp_path):
    with pytest.raises(ExportError, match='no clips to write'):
        save_clips([], tmp_path / 'a.bvh')


def test_every_writer_says_what_it_is():
    for name, writer in all_writers().items():
        assert (writer.name == name and writer.title and writer.suffixes and writer.needs in
                ('positions', 'rotations', 'rotations or fitted') and set(writer.dimensions) <= {2, 3})
    assert chosen_writer('A.BVH').name == 'bvh'
    with pytest.raises(ValueError, match='no such format; there are bvh, c3d'):
        chosen_writer('a.bvh', 'fbx')
    with pytest.raises(ValueError, match="up must be one of y, z, got 'x'"):
        WriteOptions(up='x')
