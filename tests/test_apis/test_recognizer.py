"""A recognizer in a notebook: whatever holds clips is judged alike, labels count by name, and results are tables."""

import csv
import json

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmagenc import Generator, Recognizer
from mmagenc.apis import init_recognizer, recognize
from mmagenc.datasets.annotation import AnnotationError, motion_to_annotations, save_annotation
from mmagenc.outputs import OutputError
from mmagenc.registry import INFERENCERS

from .configs import write_generator


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """A config of a generator with a judge, and a checkpoint of the judge alone."""
    folder = tmp_path_factory.mktemp('judge')
    config, checkpoint = write_generator(folder)
    motion = Generator(config, checkpoint).generate(num_samples_per_class=4)
    torch.manual_seed(5)
    model = init_recognizer(config)
    meta = dict(dataset_meta=dict(classes=['walk', 'run', 'Jump'], skeleton='ucla20', fps=30))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), folder / 'judge.pth')
    return config, folder / 'judge.pth', motion


@pytest.fixture(scope='module')
def recognizer(files):
    return Recognizer(*files[:2], device='cpu')


@pytest.fixture
def clips(files):
    return motion_to_annotations(files[2], prefix='clip')


def test_all_forms_of_clips_are_judged_alike(recognizer, files, clips, tmp_path):
    annotation = dict(split={}, metainfo=dict(classes=['walk', 'run', 'Jump'], skeleton='ucla20', fps=30), annotations=clips)
    save_annotation(annotation, tmp_path / 'clips.npz')
    expected = recognize(init_recognizer(*files[:2]), clips)
    for form in (clips, tuple(clips), annotation, str(tmp_path / 'clips.npz'), tmp_path / 'clips.npz', files[2]):
        result = recognizer.predict(form)
        np.testing.assert_array_equal(result.probabilities, expected.probability)
        np.testing.assert_array_equal(result.features, expected.feature)
        assert result.accuracy == expected.accuracy and result.truth.tolist() == files[2].label.tolist()
    one = recognizer.predict(clips[3])
    assert len(one) == 1 and one.clips == ['clip_00003'] and one.names == [result.names[3]]
    unlabelled = [{key: value for key, value in clip.items() if key != 'label'} for clip in clips]
    save_annotation(dict(annotation, annotations=unlabelled), tmp_path / 'unlabelled.npz', unlabelled=True)
    assert np.isnan(recognizer.predict(tmp_path / 'unlabelled.npz').accuracy)


def test_labels_count_by_their_names(recognizer, clips):
    """In another order, and with a class that the recognizer does not know: that one is no mistake of its own."""
    seen = recognizer.predict(clips).labels
    names = ['Run', 'jump', 'fly', 'walk']
    own = [names.index({0: 'walk', 1: 'Run', 2: 'jump'}[label]) for label in seen]
    own[0] = 2
    told = dict(metainfo=dict(classes=names), annotations=[dict(clip, label=label) for clip, label in zip(clips, own)])
    result = recognizer.predict(told)
    assert result.truth.tolist() == [-1, *seen[1:].tolist()] and result.accuracy == 1


def test_what_cannot_be_judged(recognizer, clips, tmp_path):
    with pytest.raises(ValueError, match='the clips are of the layout ntu25, the recognizer knows ucla20'):
        recognizer.predict(dict(metainfo=dict(skeleton='ntu25'), annotations=clips))
    with pytest.raises(ValueError, match='clips must be an annotation, its file, a Motion or a list of annotation dicts, got int'):
        recognizer.predict(3)
    with pytest.raises(FileNotFoundError):
        recognizer.predict(tmp_path / 'nowhere.npz')
    with pytest.raises(AnnotationError):
        recognizer.predict([dict(clips[0], keypoint=clips[0]['keypoint'] * np.nan)])
    with pytest.warns(UserWarning, match='the clips have 60 frames a second, the recognizer has learnt from 30'):
        recognizer.predict(dict(metainfo=dict(fps=60), annotations=clips))


def test_clips_that_name_no_layout(recognizer, clips):
    """As MMAction2's pickles do: they are of the recognizer's, if it has as many keypoints."""
    plain = [{key: value for key, value in clip.items() if key != 'skeleton'} for clip in clips]
    expected = recognizer.predict(dict(metainfo=dict(skeleton='ucla20'), annotations=plain))
    seen = []
    recognizer.pipeline.transforms.insert(0, lambda clip: seen.append(clip.get('skeleton')) or clip)
    try:
        np.testing.assert_array_equal(recognizer.predict(plain).probabilities, expected.probabilities)
    finally:
        del recognizer.pipeline.transforms[0]
    assert set(seen) == {'ucla20'}
    with pytest.raises(ValueError, match='clip_00000 has 9 keypoints of a layout that is not named, .* knows ucla20, which has 20'):
        recognizer.predict([dict(plain[0], keypoint=plain[0]['keypoint'][:, :, :9])])


def test_other_coordinates_persons_and_rates_are_said(recognizer, clips):
    with pytest.raises(ValueError, match='takes 3 numbers of a keypoint, and its pipeline makes 2 .* of each of 20 keypoints of clip'):
        recognizer.predict([dict(clips[0], keypoint=clips[0]['keypoint'][..., :2])])
    two = np.concatenate([clips[0]['keypoint'], clips[0]['keypoint'] + 1])
    with pytest.warns(UserWarning, match='1 clips have persons behind the first 1, such as clip_00000'):
        recognizer.predict([dict(clips[0], keypoint=two), clips[1]])
    with pytest.warns(UserWarning, match='the clips have 25 frames a second, the recognizer has learnt from 30'):
        recognizer.predict([dict(clips[0], fps=25), dict(clips[1], fps=30)])


def test_classes_that_differ_in_case_alone(recognizer, clips, monkeypatch):
    monkeypatch.setattr(type(recognizer), 'classes', property(lambda _: ['Kick', 'kick', 'Jump']))
    truth = recognizer.predict(dict(metainfo=dict(classes=['kick', 'Kick', 'jump']), annotations=clips[::4])).truth
    assert truth.tolist() == [1, 0, 2]


def test_results_are_tables(recognizer, clips, tmp_path):
    result = recognizer.predict(clips)
    assert len(repr(result)) < 200 and '12 clips' in repr(result) and 'accuracy' in repr(result)
    rows = result.rows()
    assert rows[5]['clip'] == 'clip_00005' and rows[5]['truth'] == 'run' and rows[5]['name'] == result.names[5]
    assert rows[5]['probability'] == result.confidence[5] == max(rows[5][f'p_{name}'] for name in result.classes)
    result.to_csv(tmp_path / 'new/result.csv')
    with open(tmp_path / 'new/result.csv', newline='', encoding='utf-8') as file:
        read = list(csv.DictReader(file))
    assert [row['clip'] for row in read] == list(result.clips) and float(read[5]['p_run']) == rows[5]['p_run']
    with pytest.raises(OutputError, match='there already'):
        result.to_csv(tmp_path / 'new/result.csv')
    result[:2].to_csv(tmp_path / 'new/result.csv', force=True)
    assert [len(result[index]) for index in (slice(1, 4), 5, result.labels >= 0, [0, 2])] == [3, 1, 12, 2]
    assert result[[2, 0]].clips == ['clip_00002', 'clip_00000'] and result[-1].clips == ['clip_00011']
    odd = recognizer.predict(dict(clips[0], frame_dir='<script>'))
    assert '&lt;script&gt;' in odd._repr_html_() and '<script>' not in odd._repr_html_()


def test_what_it_says_of_itself(recognizer, files):
    assert repr(recognizer) == f'Recognizer(STGCN: 3 classes (walk, run, Jump), ucla20, 30 fps; from {files[1]})'
    with pytest.warns(UserWarning, match='initial values, what it says is chance'):
        assert 'initial values' in repr(Recognizer.load(files[0]))


def test_a_judge_that_has_learnt_nothing(files, tmp_path):
    """Of a checkpoint that was written before the loop began."""
    state = init_recognizer(files[0]).state_dict()
    torch.save(dict(state_dict={}, infagenc=dict(recognizer=dict(state_dict=state), fitted=False)), tmp_path / 'early.pth')
    with pytest.raises(ValueError, match='early.pth: its recognizer has learnt nothing yet'):
        Recognizer(files[0], tmp_path / 'early.pth')


def test_folders_of_the_other_kind(files, recognizer, tmp_path):
    recognizer.save_pretrained(tmp_path / 'judge')
    with pytest.raises(ValueError, match='judge: the folder of a recognizer: Recognizer.load takes it'):
        Generator.load(tmp_path / 'judge')


def test_as_many_names_as_classes(files):
    """Names of another number of classes are not those of this recognizer."""
    cfg = Config.fromfile(files[0])
    cfg.train_dataloader.dataset.metainfo.classes = ['walk', 'run']
    assert init_recognizer(cfg).dataset_meta['classes'] == ['0', '1', '2']


def test_called_as_mmengine_does(recognizer, clips, tmp_path):
    assert INFERENCERS.get('Recognizer') is Recognizer
    expected = recognizer.predict(clips)
    for batch_size in (1, 5, 100):
        result = recognizer(clips, batch_size=batch_size, return_datasamples=True)['predictions']
        np.testing.assert_allclose(result.probabilities, expected.probabilities, atol=1e-6)
        assert list(result.clips) == list(expected.clips) and result.truth.tolist() == expected.truth.tolist()
    result = recognizer(clips, return_vis=True)
    assert json.loads(json.dumps(result['predictions'])) == result['predictions'] and result['visualization'][0].ndim == 3
    assert [row['name'] for row in result['predictions']] == expected.names
