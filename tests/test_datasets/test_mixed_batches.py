"""Which generated clips stand behind which batch, without a loader."""

from itertools import islice

import pytest

from mmagenc.datasets.mixed_batches import MixedBatches
from mmagenc.draws import ClipIndex


def clips(number):
    return [dict(frame_dir=f'{number}:{index}') for index in range(4)]


def names(batch):
    return [index.clip['frame_dir'] for index in batch if isinstance(index, ClipIndex)]


def mixed(batches, **settings):
    return MixedBatches(batches, **dict(dict(ratio=1., clips=clips, interval=1, seed=lambda: 3), **settings))


@pytest.mark.parametrize('ratio', [0.25, 0.6, 1.7])
def test_after_n_recordings_ratio_n_clips_have_come(ratio):
    batches = [[0, 1, 2], [3, 4], [5], [6, 7, 8, 9]]
    found = list(mixed(batches, ratio=ratio, epoch=lambda: 0))
    assert [batch[:len(own)] for batch, own in zip(found, batches)] == batches
    for count in range(1, 5):
        recordings = sum(map(len, batches[:count]))
        assert sum(map(len, map(names, found[:count]))) == int(ratio * recordings + 0.5)


def test_all_clips_in_one_order_before_any_again():
    found = names(next(iter(mixed([[0] * 12], epoch=lambda: 0))))
    parts = [found[start:start + 4] for start in (0, 4, 8)]
    assert all(sorted(part) == names_of(0) for part in parts) and len({tuple(part) for part in parts}) > 1


def names_of(number):
    return [clip['frame_dir'] for clip in clips(number)]


def test_epochs_between_renewals_have_the_same_clips_in_another_order():
    epoch = [0]
    batches = mixed([[0] * 4], interval=2, epoch=lambda: epoch[0])
    found = []
    for epoch[0] in range(4):
        found.append(names(list(batches)[0]))
    assert [sorted(part) for part in found] == [names_of(0), names_of(0), names_of(1), names_of(1)] and found[0] != found[1]
    epoch[0] = 1
    assert names(list(batches)[0]) == found[1]


def test_batches_are_counted_through_all_passes():
    batches = mixed([[0] * 4, [1] * 4], interval=3)
    found = [names(batch) for batch in [*batches, *batches, *batches]]
    assert [sorted(part) for part in found] == [names_of(0)] * 3 + [names_of(1)] * 3
    assert len(batches) == 2
    resumed = mixed([[0] * 4, [1] * 4], interval=3, start=4)
    again = [names(batch) for batch in [*resumed, *resumed, *resumed]]
    assert again[:4] == [[]] * 4 and again[4:] == found[4:]


def test_every_draw_has_its_own_key():
    found = [index for batch in islice(mixed([[0] * 5] * 4, interval=2), 4) for index in batch[5:]]
    assert len({(*index.key, int(index)) for index in found}) == 20 and all(index < 0 for index in found)


def test_without_clips_recordings_go_on_alone():
    assert list(mixed([[0, 1]], clips=lambda number: [], epoch=lambda: 0)) == [[0, 1]]
