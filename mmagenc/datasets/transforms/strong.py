"""Strong classical augmentation as one transform: what a recognizer of few clips is trained with, before anything is generated.

M persons, T frames, V keypoints, J joints, C coordinates.
"""

import re
from typing import Dict, List, Optional, Sequence, Tuple

from mmagenc.registry import TRANSFORMS

from .augment import JointNoise, RandomHeading, RandomMirror
from .augmenting import Augmentation, PointAugmentation, check_coordinates, check_not_negative, move_points
from .posture import PostureShift
from .shape import RandomLimbLengths, RandomPlacement, RandomShear
from .speed import RandomSpeed


@TRANSFORMS.register_module()
class StrongAugmentation(Augmentation):
    """Speed and warp, turn, mirror, posture, limb lengths, shear, noise and drift: each clip is another one each time.

    It changes positions ``(M, T, V, 3)`` in any unit or ``(M, T, V, 2)`` in pixels, and ``pose``, ``transl`` and scores with them, as each
    part says; points and persons who were not seen stay so. Its place is before all that makes a recognizer's input
    (:class:`~mmagenc.datasets.transforms.BodyUnit`, ``RootCenter``, ``PreNormalize2D``, ``PoseToRot6d``, ``ConsecutiveSample``). Clips of
    two coordinates are turned in the plane, scaled and shifted (:class:`~mmagenc.datasets.transforms.RandomPlacement`) instead of turned
    about the vertical.

    Args:
        swapped_labels: pairs of classes that mirroring turns into each other, such as ``((5, 6), )``; ``()`` if no action has a side.
            :func:`swapped_labels` finds them by the classes' names. Where it is not said, clips are not mirrored: whether a class has a
            side is not known, and a wave of the left hand must not be learned as one of the right.
        up: axis of three coordinates that points up, such as ``'y'``, ``'-y'`` or ``'z'`` (``metainfo['up']`` of a file). ``None``: the
            vertical is not known, or the people lie; they are not turned, and their trunks taken for upright.
        unit: of ``noise`` and ``drift``: ``'body'`` is body lengths (from fingertip to toe along the bones, 0.9 m of an infant and 2.5 m
            of an adult), whatever the keypoints are in; ``'own'`` is that of the keypoints.
        mirror: probability of mirroring, by default 0.5 where ``swapped_labels`` is given and else 0.
        speed: largest factor either way of the clip's speed: 1.33 draws between 1/1.33 and 1.33.
        warp: how unevenly it passes, a deviation of the logarithm of the speed (:class:`~mmagenc.datasets.transforms.RandomSpeed`).
        start: largest share of the clip that is left out at its beginning.
        turn: largest turn about the vertical, in radians; a full turn is worse than this one.
        placement: of clips of two coordinates, how much of the turn, scale and shift of ``RandomPlacement``'s defaults: 1 all, 0 none.
        posture: deviation of the constant offsets of the arms' directions (:class:`~mmagenc.datasets.transforms.PostureShift`); ``True``
            takes its default.
        limbs: largest change of a limb's length, a share of it.
        shear: largest share that a coordinate takes of another one; the default is a deviation of 0.1.
        noise: deviation of each coordinate in a frame; the default is 6 mm of an adult and 2 mm of an infant.
        drift: deviation of the slow drift of each coordinate; 10 mm and 4 mm.
        rotations: whether the result has ``pose`` and ``transl``, if the clip has them; ``False`` leaves them out, for recognizers of
            positions. Most of the time goes into rotations.
        rotation_noise: deviation of the noise's rotation vector of each joint of ``pose``, in radians; its drift has the same.
        test_mode: leave clips as they are; a dataset in test mode gets this in any case.

    ``None``, ``False`` or 0 (of ``speed``: 1) switches a part off.

    Raises:
        ValueError: settings out of range; a clip of an unknown layout, or whose keypoints are neither 2-D nor 3-D.
    """

    def __init__(self,
                 swapped_labels: Optional[Sequence[Tuple[int, int]]] = None,
                 up: Optional[str] = 'y',
                 unit: str = 'body',
                 *,
                 mirror: Optional[float] = None,
                 speed: Optional[float] = 1.33,
                 warp: Optional[float] = 0.2,
                 start: Optional[float] = 0.1,
                 turn: Optional[float] = 0.5,
                 placement: Optional[float] = 1.,
                 posture: Optional[float] = True,
                 limbs: Optional[float] = 0.12,
                 shear: Optional[float] = 0.17,
                 noise: Optional[float] = 0.0024,
                 drift: Optional[float] = 0.004,
                 rotations: bool = True,
                 rotation_noise: Optional[float] = 0.02,
                 test_mode: bool = False) -> None:
        super().__init__(test_mode)
        self.rotations = rotations
        self.time = _speed(speed, warp, start)
        self.mirror = _mirror(mirror, swapped_labels, up)
        self.turn = RandomHeading(turn, up) if turn and up is not None else None
        shape: List[PointAugmentation] = []
        if posture:
            shape.append(PostureShift(**({} if posture is True else dict(shift=posture)), up=up))
        shape += [RandomLimbLengths(limbs)] if limbs else []
        shape += [RandomShear(shear)] if shear else []
        spoilt = JointNoise(noise or 0., rotation_noise or 0., drift or 0., rotation_noise or 0., unit)
        self.in_space, self.in_plane = [*shape, spoilt], [*shape, *_placement(placement), spoilt]

    def augment(self, results: Dict) -> None:
        dims = check_coordinates(results, 'StrongAugmentation')
        if not self.rotations:
            results.pop('pose', None)
            results.pop('transl', None)
        if self.time is not None:
            self.time.augment(results)
        if self.mirror is not None:
            self.mirror.augment(results)
        if self.turn is not None and dims == 3:
            self.turn.augment(results)
        move_points(results, self.in_space if dims == 3 else self.in_plane)


def _speed(speed: Optional[float], warp: Optional[float], start: Optional[float]) -> Optional[RandomSpeed]:
    speed = speed or 1.
    if speed < 1:
        raise ValueError(f'speed is a factor of at least 1, as {1 / max(speed, 1e-9):.2f} either way; got {speed}')
    return RandomSpeed((1 / speed, speed), warp or 0., start or 0.) if speed > 1 or warp or start else None


def _mirror(mirror: Optional[float], swapped: Optional[Sequence[Tuple[int, int]]], up: Optional[str]) -> Optional[RandomMirror]:
    probability = (0. if swapped is None else 0.5) if mirror is None else mirror
    return RandomMirror(probability, 'z' if up == 'x' else 'x', tuple(swapped or ())) if probability else None


def _placement(strength: Optional[float]) -> List[RandomPlacement]:
    check_not_negative(placement=strength or 0.)
    if not strength:
        return []
    usual = RandomPlacement()
    return [RandomPlacement(strength * usual.turn, usual.scale**strength, strength * usual.shift)]


def swapped_labels(classes: Sequence[str]) -> Optional[Tuple[Tuple[int, int], ...]]:
    """Pairs of classes whose names differ in left and right alone, such as ``'wave-left-hand'`` and ``'wave-right-hand'``.

    Args:
        classes: names, in the order of the labels.

    Returns:
        tuple: ``(label, label)`` pairs; ``None`` where names are numbers, which do not say whether a class has a side.

    Raises:
        ValueError: a class of one side without one of the other: mirrored, its clips would be of no class. The message names it.
    """
    if all(str(name).strip().isdigit() for name in classes):
        return None
    words = [_words(name) for name in classes]
    mirrored = [tuple({'left': 'right', 'right': 'left'}.get(word, word) for word in name) for name in words]
    sided = [label for label, (own, other) in enumerate(zip(words, mirrored)) if own != other]
    lonely = [str(classes[label]) for label in sided if mirrored[label] not in words]
    if lonely:
        raise ValueError(f'{", ".join(lonely)}: named by one side of the body, and no class is named by the other')
    return tuple((label, words.index(mirrored[label])) for label in sided if label < words.index(mirrored[label]))


def with_swapped_labels(step: Dict, pairs: Optional[Sequence[Tuple[int, int]]]) -> List[Dict]:
    """A transform's config with the classes that mirroring swaps; without them (``None``) one that mirrors nothing, or none at all.

    Args:
        step: of a transform that takes ``swapped_labels``.
        pairs: of :func:`swapped_labels`.

    Returns:
        list: that one config, or nothing.
    """
    if pairs is None and str(step.get('type')).split('.')[-1] == 'RandomMirror':
        return []
    return [dict(step, swapped_labels=pairs, **(dict(mirror=0.) if pairs is None and 'mirror' in step else {}))]


def _words(name: str) -> Tuple[str, ...]:
    """The words of a class's name in small letters: ``'waveLeft_hand'`` is ``('wave', 'left', 'hand')``."""
    return tuple(word.lower() for word in re.findall(r'[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+', str(name)))
