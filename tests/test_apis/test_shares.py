"""Who makes which clips, and the folder of finished parts: nothing twice, nothing lost, nothing of other clips."""

import json

import numpy as np
import pytest
import torch

from mmagenc.apis import init_generator
from mmagenc.apis.generate import plan_clips
from mmagenc.apis.shares import NUM_PARTS, PART_CLIPS, PartsFolder, Share, deal, fingerprint, merged
from mmagenc.outputs import OutputError
from tests.test_apis.configs import write_generator

META = dict(classes=['a', 'b'], skeleton='ucla20', fps=25.)


def clip(name):
    return dict(frame_dir=name, label=0, total_frames=2, keypoint=np.ones((1, 2, 20, 3), np.float32))


@pytest.mark.parametrize('counts', [[1, 1, 1], [50] * 13, [3000] * 5, [7, 1, 20], [40], [2] * 2000])
def test_parts_hold_every_clip_once_and_all_classes_alike(counts):
    label = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    parts = deal(label)
    assert sorted(torch.cat(parts).tolist()) == list(range(len(label)))
    assert len(parts) <= NUM_PARTS or max(counts) > NUM_PARTS
    for part in parts:
        assert len(part) <= max(PART_CLIPS, len(counts))
        per_class = torch.bincount(label[part], minlength=len(counts))[torch.tensor(counts) == max(counts)]
        assert (per_class == per_class[0]).all() and per_class[0] > 0  # of those classes that have clips left
    for count in (2, 3):
        taken = [number for share in range(count) for number in Share(share, count).parts(len(parts))]
        assert sorted(taken) == list(range(len(parts)))


def test_parts_depend_on_labels_only_in_their_numbers():
    assert [part.tolist() for part in deal(torch.tensor([2, 2, 0, 0, 1, 1]))] == [[2, 4, 0], [3, 5, 1]]


@pytest.mark.parametrize('text', ['', '1', '2/2', '-1/2', '0/0', 'a/2', '0/2/3', '1.0/2'])
def test_a_share_that_there_cannot_be(text):
    with pytest.raises(ValueError, match='must be I/N'):
        Share.parse(text)
    assert Share.parse('7/8') == Share(7, 8)


def test_the_fingerprint_knows_all_that_clips_come_from(tmp_path):
    model = init_generator(*write_generator(tmp_path))
    plan = plan_clips(model, num_samples_per_class=2)
    known = [fingerprint(model, plan, batch_size=64)]
    assert fingerprint(model, plan_clips(model, num_samples_per_class=2), batch_size=64) == known[0]
    known.append(fingerprint(model, plan, batch_size=32))
    for changed in (dict(seed=1), dict(num_frames=7), dict(noise_factor=0.5), dict(classes=[0, 2])):
        known.append(fingerprint(model, plan_clips(model, num_samples_per_class=2, **changed), batch_size=64))
    next(model.parameters()).data[0].add_(1e-6)
    known.append(fingerprint(model, plan, batch_size=64))
    assert len(set(known)) == 7


def test_a_folder_goes_on_and_is_put_together_once(tmp_path):
    folder = PartsFolder(tmp_path / 'out.npz', 'digest', 2)
    folder.claim()
    folder.save(0, META, [clip('x')])
    assert PartsFolder(tmp_path / 'out.npz', 'digest', 2).missing() == [1]
    folder.claim()  # started again
    with folder.merging() as whole:
        assert not whole
    folder.save(1, META, [clip('y')])
    with folder.merging() as whole:
        assert whole
        rows = [torch.tensor([1]), torch.tensor([0])]
        assert [(places, clips[0]['frame_dir']) for places, clips in merged(folder, rows)] == [([1], 'x'), ([0], 'y')]
    assert list(tmp_path.iterdir()) == []
    folder.path.mkdir()  # another that waited for the lock
    with folder.merging() as whole:
        assert not whole


def test_a_folder_that_another_process_removes_meanwhile(tmp_path):
    folder = PartsFolder(tmp_path / 'out.npz', 'digest', 1)
    folder.claim()
    folder.save(0, META, [clip('x')])
    with folder.merging() as whole:
        assert whole
        for path in folder.path.iterdir():
            path.unlink()
        folder.clips(0)
    folder.claim()
    with pytest.raises(FileNotFoundError), folder.merging():  # the folder is still ours: nobody has put it together
        folder.clips(0)


def test_parts_of_other_clips_are_refused_or_removed(tmp_path):
    old, new = PartsFolder(tmp_path / 'out.npz', 'old', 3), PartsFolder(tmp_path / 'out.npz', 'new', 1)
    old.claim()
    new.claim()  # nothing was made: nothing is lost
    old.claim()
    old.save(0, META, [clip('x')])
    old.save(2, META, [clip('x')])
    with pytest.raises(OutputError, match='parts of other clips') as refused:
        new.claim()
    assert refused.value.status == 2 and old.missing() == [1]
    new.claim(force=True)
    assert new.missing() == [0] and sorted(path.name for path in new.path.iterdir()) == ['.mmagenc.json', 'plan.json']
    assert json.loads((new.path / 'plan.json').read_text()) == dict(digest='new', parts=1)
