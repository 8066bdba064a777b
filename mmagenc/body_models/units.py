"""The unit of length of a recording, from the length of the legs.

T frames, 24 joints of SMPL. Legs are the mean length of thigh and shin together.
"""

from typing import NamedTuple, Optional

from torch import Tensor

from .orientation import JOINT
from .rigs import SIDES, UNITS

ADULT_LEG = 0.8
"""Thigh and shin of SMPL's mean adult, metres."""
PERSON = (0.12, 1.2)
"""Legs of a person in metres: a newborn's, a very tall adult's. Legs in m, cm and mm cannot be mixed up within these bounds."""
_ADULT = (0.65, 1.05)  # Legs of an adult, metres.
_CHILD = 0.15  # Legs of a newborn, metres.
_SMALL = 0.45  # Legs of a child of three years, metres: below, adults in another unit are possible.
_ADULT_SHAPE = 1.3  # Legs per trunk (hips to shoulders): an adult has 1.6, an infant below 1.2.
_INFANT_SHAPE = 1.1  # The same of an infant; above, small children and adults whose shoulders are marked high are possible.
_OTHER_UNITS = {'inch': UNITS['inch'], '1/0.45 inch, as CMU has it,': UNITS['inch'] / 0.45, 'dm': 0.1}


class Unit(NamedTuple):
    """Metres per unit of a recording, where that is from, and what speaks against it (or nothing)."""
    metres: float
    how: str
    doubt: str = ''


def leg_length(joints: Tensor) -> float:
    """Mean length of thigh and shin together over both sides and all frames of ``(…, 24, 3)``."""
    length = 0.
    for side in SIDES:
        hip, knee, ankle = (joints[..., JOINT[side + joint], :] for joint in ('hip', 'knee', 'ankle'))
        length += float(((knee - hip).norm(dim=-1) + (ankle - knee).norm(dim=-1)).mean()) / 2
    return length


def guess_unit(joints: Tensor) -> float:
    """Metres per unit, from the mean length of the legs in ``(T, 24, 3)``: those of a person measure between 0.12 and 1.2 m.

    Raises:
        ValueError: the length fits neither metres nor centimetres nor millimetres.
    """
    length = leg_length(joints)
    for name in ('m', 'cm', 'mm'):
        if PERSON[0] <= length * UNITS[name] < PERSON[1]:
            return UNITS[name]
    fits = ''.join(f'; in {name} they would be {length * UNITS[name]:.2f} m' for name in ('ft', 'inch')
                   if _CHILD <= length * UNITS[name] <= _ADULT[1])
    raise ValueError(f'the legs are {length:.4g} units long, which is no person in m, cm or mm{fits}; name the unit (--unit)')


def find_unit(joints: Tensor, *, given: Optional[float] = None, usual: Optional[float] = None) -> Unit:
    """The unit of a recording.

    Args:
        joints: ``(T, 24, 3)`` in that unit.
        given: metres per unit as the user says it.
        usual: metres per unit as the rig says it, taken where it makes legs of a person.

    Raises:
        ValueError: no unit makes legs of a person.
    """
    legs = leg_length(joints)
    if given:
        return Unit(given, 'as named')
    if usual and PERSON[0] <= legs * usual < PERSON[1]:
        return Unit(usual, 'of the rig')
    refused = f'the unit of the rig, {usual:g} m, would make legs of {legs * usual:.3g} m' if usual else ''
    others = {name: metres for name, metres in _OTHER_UNITS.items() if _ADULT[0] <= legs * metres <= _ADULT[1]}
    try:
        unit = guess_unit(joints)
    except ValueError:
        if not others:
            raise
        name, metres = next(iter(others.items()))
        return Unit(metres, 'by the length of the legs', f"legs of {legs:.3g} units are a person's in {name}, which is taken")
    if legs * unit < _SMALL and (others or _is_adult(legs, joints)):
        return _small_or_other(legs, joints, unit, others)
    return Unit(unit, 'by the length of the legs' + (f' ({refused})' if refused else ''), _too_long(legs, unit, joints))


def _too_long(legs: float, unit: float, joints: Tensor) -> str:
    """What is to be told of legs that are longer than a person's of this shape: another unit may make a person of them."""
    usual = next(key for key, value in UNITS.items() if value == unit)
    if legs * unit > _ADULT[1]:
        return f"legs of {legs * unit:.2f} m ({legs:.3g} {usual}) are longer than an adult's: is it the unit (yd, ft)?"
    if legs * unit >= _ADULT[0] and _leg_per_trunk(legs, joints) < _INFANT_SHAPE:
        return f"legs of {legs * unit:.2f} m ({legs:.3g} {usual}) have the shape of an infant's: is it the unit (ft, yd)?"
    return ''


def _small_or_other(legs: float, joints: Tensor, unit: float, others: dict) -> Unit:
    """Legs that are an infant's in a usual unit and an adult's in another one: the shape of the body decides, and both are said."""
    adult = _is_adult(legs, joints)
    usual = next(key for key, value in UNITS.items() if value == unit)
    if not others:
        return Unit(unit, 'by the length of the legs',
                    f"legs of {legs * unit:.2f} m ({legs:.3g} {usual}) have the shape of an adult's: is it the unit?")
    name, metres = next(iter(others.items()))
    taken = name.split(',')[0] if adult else usual
    return Unit(metres if adult else unit, 'by the shape of the body',
                f'legs of {legs:.3g} units fit {usual} ({legs * unit:.2f} m, a small child) and {name} ({legs * metres:.2f} m, an adult) '
                f'alike; {taken} is taken, as legs and trunk have the shape of {"an adult" if adult else "a child"}')


def _is_adult(legs: float, joints: Tensor) -> bool:
    """Whether legs and trunk have the shape of a grown body; infants have short legs."""
    return _leg_per_trunk(legs, joints) > _ADULT_SHAPE


def _leg_per_trunk(legs: float, joints: Tensor) -> float:
    shoulders, hips = (joints[..., [JOINT[side + joint] for side in SIDES], :].mean(dim=-2) for joint in ('shoulder', 'hip'))
    return legs / max(float((shoulders - hips).norm(dim=-1).mean()), 1e-9)
