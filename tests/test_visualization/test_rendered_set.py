"""A folder of rendered sequences is whole or says that it is not, goes on where it was interrupted, and is never somebody else's."""

import json

import numpy as np
import pytest

from mmagenc.datasets import load_annotation
from mmagenc.datasets.frames import check_frames, clip_frames, clip_masks
from mmagenc.outputs import OutputError
from mmagenc.visualization.rendered_set import RenderedSet
from mmagenc.visualization.rendering import RenderedClip

METAINFO = dict(classes=['sit'], skeleton='penn13', fps=5.)


def picture(value, frames=2):
    masks = np.zeros((frames, 16, 20), dtype=bool)
    masks[:, 2:9, 3:5] = True
    return RenderedClip(np.full((frames, 16, 20, 3), value, np.uint8), masks, np.full((frames, 13, 2), 4., np.float32),
                        np.ones((frames, 13), np.float32), np.tile(np.float32([3, 2, 5, 9]), (frames, 1)))


def clip(name):
    return dict(frame_dir=name, label=0, subject='s1', total_frames=2, pose='not kept', source='synthetic')


def written(folder, names=('a', 'b'), **more):
    rendered = RenderedSet(folder, dict(seed=0), **more)
    rendered.open()
    for index, name in enumerate(names):
        if not rendered.has(clip(name), index):
            rendered.write(clip(name), index, picture(10 * index), METAINFO)
    return rendered


def test_what_is_written_is_an_annotation_with_its_images(tmp_path):
    rendered = written(tmp_path / 'new/set')
    assert not rendered.complete and not rendered.annotation.exists()
    rendered.finish(2, dict(train=['a'], test=['b']), METAINFO)
    assert rendered.complete
    assert sorted(path.name for path in rendered.folder.iterdir()) == ['annotation.npz', 'frames', 'masks', 'render.json']
    annotation = load_annotation(rendered.annotation)
    assert annotation['split'] == dict(train=['a'], test=['b']) and annotation['metainfo']['fps'] == 5
    one = annotation['annotations'][1]
    assert (one['subject'], one['source'], tuple(one['img_shape']), 'pose' in one) == ('s1', 'synthetic', (16, 20), False)
    assert one['box'] == [[3, 2, 5, 9]] * 2
    check_frames(annotation['annotations'], rendered.folder, decode=True)
    np.testing.assert_array_equal(clip_frames(one, rendered.folder).read_all(), picture(10).frames)
    np.testing.assert_array_equal(clip_masks(one, rendered.folder).read(0, gray=True) == 255, picture(10).masks[0])


def test_a_set_goes_on_with_the_first_clip_that_is_not_finished(tmp_path):
    written(tmp_path / 'set', names=('a', 'b', 'c'))
    (tmp_path / 'set/parts/000001.npz').write_bytes(b'cut short')
    again = RenderedSet(tmp_path / 'set', dict(seed=0))
    again.open()
    assert [again.has(clip(name), index) for index, name in enumerate('abc')] == [True, False, True]
    assert not again.has(clip('other'), 0)


def test_names_that_are_no_folders_are_replaced_and_kept_in_the_annotation(tmp_path):
    names = ('../out', 'S1/clip 2', '.hidden')
    rendered = written(tmp_path / 'set', names=names)
    rendered.finish(3, {}, METAINFO)
    annotation = load_annotation(rendered.annotation)
    assert [one['frame_dir'] for one in annotation['annotations']] == list(names)
    assert [one['frames_dir'] for one in annotation['annotations']] == [f'frames/clip_{index:06d}' for index in range(3)]
    check_frames(annotation['annotations'], rendered.folder)
    assert not (tmp_path / 'out').exists()


def test_other_settings_are_refused_and_force_replaces_all_that_is_its_own(tmp_path):
    written(tmp_path / 'set').finish(2, {}, METAINFO)
    (tmp_path / 'set/notes.txt').write_text('mine')
    with pytest.raises(OutputError, match=r'there already, rendered otherwise \(seed\); --force replaces it') as refused:
        RenderedSet(tmp_path / 'set', dict(seed=1))
    assert refused.value.status == 2
    rendered = RenderedSet(tmp_path / 'set', dict(seed=1), force=True)
    assert (tmp_path / 'set/annotation.npz').exists() and not rendered.complete  # nothing goes before the work begins
    rendered.open()
    assert sorted(path.name for path in (tmp_path / 'set').iterdir()) == ['notes.txt', 'parts', 'render.json']
    assert json.loads((tmp_path / 'set/render.json').read_text()) == dict(seed=1)


def test_force_renders_anew_what_is_there(tmp_path):
    written(tmp_path / 'set').finish(2, {}, METAINFO)
    assert RenderedSet(tmp_path / 'set', dict(seed=0)).complete
    rendered = RenderedSet(tmp_path / 'set', dict(seed=0), force=True)
    assert not rendered.complete
    rendered.open()
    assert not rendered.has(clip('a'), 0)


@pytest.mark.parametrize('force', [False, True])
def test_others_folders_and_files_are_never_written_to(tmp_path, force):
    (tmp_path / 'others').mkdir()
    (tmp_path / 'others/frames').mkdir()
    with pytest.raises(OutputError, match='the folder holds frames and no render.json'):
        RenderedSet(tmp_path / 'others', {}, force=force)
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='is no folder'):
        RenderedSet(tmp_path / 'file', {}, force=force)
    with pytest.raises(OutputError, match='is no folder'):
        RenderedSet(tmp_path / 'file/set', {}, force=force)


def test_a_mark_that_cannot_be_read_is_another_setting(tmp_path):
    (tmp_path / 'render.json').write_text('{"seed"')
    with pytest.raises(OutputError, match='rendered otherwise'):
        RenderedSet(tmp_path, dict(seed=0))
