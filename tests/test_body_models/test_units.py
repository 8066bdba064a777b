"""Units by the length of legs and the shape of a body."""

import pytest
import torch

from mmagenc.body_models.units import find_unit, leg_length
from tests.test_body_models.test_orientation import STANDING

ADULT = torch.tensor(STANDING)[None]
INFANT = ADULT * .25
INFANT[:, [4, 5]] = (INFANT[:, [4, 5]] + INFANT[:, [1, 2]]) / 2  # legs of half the length
INFANT[:, [7, 8]] = INFANT[:, [4, 5]] - torch.tensor([0, .05, 0])


def test_an_adult_in_any_unit():
    assert leg_length(ADULT) == pytest.approx(.81)
    for metres in (1., .01, .001):
        assert find_unit(ADULT / metres)[::2] == (metres, '')
    for metres, name in ((.0254, 'inch'), (.1, 'dm'), (.056444, '1/0.45 inch')):
        found = find_unit(ADULT / metres)
        assert found.metres == pytest.approx(metres, rel=1e-4) and name in found.doubt


def test_an_infant_stays_one():
    found = find_unit(INFANT * 250)
    assert found.metres == .01 and (not found.doubt or 'cm is taken' in found.doubt)
    assert find_unit(ADULT * 20).doubt  # legs of 16 cm in the shape of an adult's: a giant in other units, or wrong


def test_what_is_named_is_taken_and_a_rigs_unit_only_for_persons():
    assert find_unit(ADULT, given=.3).metres == .3
    assert find_unit(ADULT * 100, usual=.01).how == 'of the rig'
    assert 'would make legs of 4.57 m' in find_unit(ADULT * 100, usual=.056444).how
    with pytest.raises(ValueError, match='name the unit'):
        find_unit(ADULT * 2000)


def test_legs_that_are_too_long_for_their_shape_are_told_of():
    assert 'longer than an adult' in find_unit(ADULT / .75).doubt  # 1.08 units, as of somebody of 0.99 m in yards
    assert 'shape of an infant' in find_unit(INFANT * 2 / .3048).doubt
    assert not find_unit(INFANT * 2).doubt
    with pytest.raises(ValueError, match=r'2.657 units long, .*in ft they would be 0.81 m; name the unit'):
        find_unit(ADULT / .3048)
