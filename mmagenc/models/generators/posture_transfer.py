"""Recordings in other people's postures: a generator without a network.

N clips, T frames, V keypoints, C coordinates.
"""

import logging
from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from mmagenc.body_models.orientation import UPS
from mmagenc.body_models.postures import shift_posture, shift_rotations
from mmagenc.body_models.rotations import axis_angle_to_matrix, matrix_to_rot6d
from mmagenc.registry import MODELS
from mmagenc.structures import Motion

from .base import BaseGenerator
from .base_postures import BasePostures, base_dataset, upright_axis, wanted_clips
from .clip_store import AUTO, ClipStore
from .variants import check_strength, in_own_images

SHIFTS = ('difference', 'random')
WIDEST_GAIN = 2.
"""Limbs swing at most so many times as wide, and at least as many times less."""
_BASE_KEYS = ('groups', 'exclude_groups', 'classes')


@MODELS.register_module()
class PostureTransferGenerator(BaseGenerator):
    r"""Give a recording the difference between how two groups of people hold themselves while they do something else.

    With :math:`p_{a,g}` the mean directions of the bones, in the person's own frame, of group g (a style, a subject) in action a of the
    base motion, and :math:`d_t` those of a recording,

    .. math:: d'_t \propto d_t + s \, (p_{a,g'} - p_{a,g}), \qquad s \sim U(0.2, 0.9)

    Bones keep their lengths, the movement and its path are the recording's own, and knees and elbows bend backwards no farther than there
    (:func:`~mmagenc.body_models.postures.shift_posture`). A class is what is done, not how, so that clips keep their class.

    Nothing is trained: one epoch lets :class:`~mmagenc.engine.hooks.RepresentationStatsHook` call :meth:`fit`, and the checkpoint then
    holds recordings and postures. A clip has as many frames as are asked for, or as its recording if that has fewer.

    A latent is the recording's number, where in it the clip begins (a share), s, and the two rows of the base's postures; with random
    shifts V · C standard normal numbers in place of the rows.

    Args:
        representation: config of the representation: positions in two or three dimensions, or rotations.
        num_classes: number of classes.
        num_frames: most frames of a clip where a caller names none.
        base: base motion: the settings of a ``MotionDataset`` (``ann_file``, ``split``, …), of the same layout or one that a joint map
            leads from, and ``groups``, the key of the annotations that says who it is (default ``'subject'``), ``exclude_groups``,
            those that must not be seen, and ``classes``, names of the actions that count (default: all). It is read once, by
            :meth:`fit`.
        shift: ``'difference'``; or ``'random'``: constant random offsets, of each bone as large as the base's differences, or without a
            base of standard deviation ``spread``.
        spread: of random offsets without a base; directions are unit vectors.
        amplitude: let limbs swing wider or less too, by the ratio of the two groups to the power of s.
        scale: range of s.
        limits: keep to the joints' limits.
        up: axis that points up; ``None``: the trunk does, for people who lie or turn over; ``'auto'`` finds out by the recordings.
        max_clips: recordings of each class that are kept.
        test_cfg: see :class:`BaseGenerator`.

    Raises:
        ValueError: settings out of range, or differences without a base.
    """

    can_vary = True
    learns = False

    def __init__(self,
                 *,
                 representation: Dict,
                 num_classes: int,
                 num_frames: int = 60,
                 base: Optional[Dict] = None,
                 shift: str = 'difference',
                 spread: float = 0.15,
                 amplitude: bool = False,
                 scale: Sequence[float] = (0.2, 0.9),
                 limits: bool = True,
                 up: Optional[str] = AUTO,
                 max_clips: int = 256,
                 test_cfg: Optional[Dict] = None) -> None:
        super().__init__(representation=representation, num_classes=num_classes, num_frames=num_frames, test_cfg=test_cfg)
        if shift not in SHIFTS:
            raise ValueError(f'shift must be one of {", ".join(SHIFTS)}, got {shift!r}')
        if shift == 'difference' and base is None:
            raise ValueError("shift='difference' needs base=dict(ann_file=…), motion of several groups of people; shift='random' does "
                             'without')
        if amplitude and shift == 'random':
            raise ValueError("amplitude=True takes the difference of two groups: it does not go with shift='random'")
        if up not in (*UPS, None, AUTO):
            raise ValueError(f"up must be one of {', '.join(UPS)}, None or 'auto', got {up!r}")
        low, high = scale
        if not 0 <= low <= high or not spread >= 0 or max_clips < 1:
            raise ValueError('scale must be a range from at least 0, spread at least 0 and max_clips at least 1, got '
                             f'scale={scale}, spread={spread}, max_clips={max_clips}')
        self.base, self.shift, self.spread, self.amplitude = base, shift, spread, amplitude
        self.scale, self.limits, self.up, self.max_clips = (float(low), float(high)), limits, up, max_clips
        self.clips = ClipStore(self.representation)
        self.postures = BasePostures(self.clips.skeleton, self.clips.channels)
        self.nothing = nn.Parameter(torch.zeros(()))  # what an optimizer, and everything that asks for a device, is given

    # Training -----------------------------------------------------------------------------------------------------------------------

    def loss(self, x: Tensor, label: Tensor, length: Tensor) -> Dict[str, Tensor]:
        """Zero: there is nothing to learn."""
        return dict(loss_nothing=self.nothing * 0)

    @property
    def fitted(self) -> bool:
        """Whether recordings are there, and postures where they come of a base."""
        return len(self.clips) > 0 and (self.base is None or len(self.postures) > 0)

    def fit(self, annotations: Sequence[Dict]) -> None:
        """Keep recordings, and read the base's postures.

        Raises:
            ValueError: a recording that the representation does not take, or base motion that no difference can be taken of.
        """
        kept = self._chosen(annotations)
        self.clips.fit(kept, up=self.up, rest_joints=self._rest_joints)
        if self.base is not None:
            self._fit_base(kept)
        frame = f'{self.clips.up} points up' if self.clips.up else 'relative to the trunk' if self.clips.channels == 3 else 'in the image'
        print_log(f'{type(self).__name__}: {len(self.clips)} recordings, {self._postures_in_words()}; {frame}', logger='current')

    def _chosen(self, annotations: Sequence[Dict]) -> List[Dict]:
        """Recordings of each class, evenly spread over its own, at most so many as are kept."""
        labels = np.array(annotations.values('label') if hasattr(annotations, 'values') else [clip['label'] for clip in annotations])
        rows = [np.flatnonzero(labels == label) for label in range(self.num_classes)]
        missing = [str(label) for label, members in enumerate(rows) if not len(members)]
        if missing:
            print_log(f'no recordings of class {", ".join(missing)}: no clips of it can be made', logger='current', level=logging.WARNING)
        rows = [members[np.unique(np.linspace(0, len(members) - 1, min(len(members), self.max_clips)).round().astype(int))]
                for members in rows if len(members)]
        return [annotations[int(row)] for row in np.concatenate(rows)] if rows else []

    def _fit_base(self, kept: Sequence[Dict]) -> None:
        settings = dict(self.base)
        own = {key: settings.pop(key) for key in _BASE_KEYS if key in settings}
        dataset = base_dataset(settings, self.clips.skeleton.name)
        if own.get('classes') is not None:
            own['classes'] = _class_numbers(own['classes'], dataset.metainfo.get('classes'))
        clips, up = wanted_clips(list(dataset.annotations()), **own), self.clips.up
        if up is not None:
            their_up = dataset.metainfo.get('up') or (upright_axis(clips, self.clips.skeleton) if clips else None)
            if their_up is None:  # people who lie are compared about their trunks, and so then are those who stand
                self.clips.fit(kept, up=None, rest_joints=self._rest_joints)
            up = their_up
        self.postures.fit(clips, up=up, groups=own.get('groups', 'subject'))

    @property
    def _rest_joints(self) -> Optional[Tensor]:
        return self.representation.body_model.rest_joints().cpu() if self.clips.rotations else None

    def _postures_in_words(self) -> str:
        if not len(self.postures):
            return f'random postures of spread {self.spread:g}'
        return f'{len(self.postures)} postures of the base, each of one group in one of {len(self.postures.action.unique())} action(s)'

    # Sampling -----------------------------------------------------------------------------------------------------------------------

    def latent_width(self, num_frames: int) -> int:
        return 5 if self.shift == 'difference' else 3 + self.clips.skeleton.num_joints * self.clips.channels

    def sample_latent(self, label: Tensor, *, generator: Optional[torch.Generator] = None, strength: float = 0.5) -> Tensor:
        """``(N, 5)`` latents on the CPU, or ``(N, 3 + V · C)`` of random shifts.

        Args:
            label: ``(N,)``.
            generator: CPU random generator.
            strength: s is drawn from ``scale`` times twice this: 0 gives recordings back.

        Raises:
            ValueError: no recordings of a class, or a strength out of range.
        """
        self._require_fitted()
        labels, number = self.clips.label.cpu(), torch.rand(len(label), generator=generator, dtype=torch.float64)
        lacking = sorted(set(label.tolist()) - set(labels.tolist()))
        if lacking:
            raise ValueError(f'this generator keeps no recordings of class {", ".join(map(str, lacking))}, of which clips could be made; '
                             f'it has classes {", ".join(map(str, sorted(set(labels.tolist()))))}')
        members = labels == label[:, None]
        wanted = (number * members.sum(dim=1)).long()
        number = (members.cumsum(dim=1) == wanted[:, None] + 1).int().argmax(dim=1)
        return self._latents_of(number, strength, generator)

    def _latents_of(self, number: Tensor, strength: float, generator: Optional[torch.Generator]) -> Tensor:
        check_strength(strength)
        share = torch.rand(len(number), 4, generator=generator, dtype=torch.float64)
        low, high = self.scale
        scale = 2 * strength * (low + (high - low) * share[:, 1])
        if self.shift == 'difference':
            rest = self.postures.draw(share[:, 2:]).double()
        else:
            rest = torch.randn(len(number), self.latent_width(0) - 3, generator=generator, dtype=torch.float64)
        return torch.cat((number.double()[:, None], share[:, :1], scale[:, None], rest), dim=1).float()

    def decode_latent(self, latent: Tensor, label: Tensor, length: Tensor) -> Motion:
        self._require_fitted()
        rows = latent.detach().cpu().numpy()
        number = rows[:, 0].round().astype(int)
        if number.min() < 0 or number.max() >= len(self.clips):
            raise ValueError(f'a latent names recording {number.max()}, this generator keeps {len(self.clips)}')
        own = self.clips.array('label')[number]
        if (own != label.cpu().numpy()).any():
            raise ValueError('a latent of this generator is a variant of a recording and keeps its class; it cannot be made as another')
        return self._decoded(self.clips, number, latent, label, length)

    def _decoded(self, clips: ClipStore, number: np.ndarray, latent: Tensor, label: Tensor, length: Tensor) -> Motion:
        rows = latent.detach().cpu().numpy()
        parts, frames = clips.windows(number, rows[:, 1], length.numpy())
        offsets, gain = self._changes(rows)
        shift = dict(
            frames=parts['frames'] if clips.channels == 3 else None, mean=clips.array('mean')[number], gain=gain, limits=self.limits)
        device, length = self.device, torch.from_numpy(frames).to(self.device)
        if clips.rotations:
            rotmat = axis_angle_to_matrix(torch.from_numpy(parts['pose'])).numpy()
            rotmat = shift_rotations(rotmat, offsets, self._rest_joints.numpy(), **shift)
            x = matrix_to_rot6d(torch.from_numpy(rotmat).to(device))
            if self.representation.translation:
                transl = torch.from_numpy(parts['transl'] - parts['transl'][:, :1]).to(device)
                x = torch.cat((x, nn.functional.pad(transl, (0, 3))[:, :, None]), dim=2)
            return self.representation.decode(x, label=label, length=length, latent=latent)
        keypoint = shift_posture(parts['keypoint'], offsets, clips.skeleton, **shift)
        x = self.representation.encode(dict(keypoint=torch.from_numpy(np.ascontiguousarray(keypoint)).to(device)))
        motion = self.representation.decode(x, label=label, length=length, latent=latent)
        if clips.channels == 2:
            motion = in_own_images(motion, torch.from_numpy(clips.array('image')[number]), self.representation)
        if motion.keypoint_score is None or 'score' not in parts:
            return motion
        return replace(motion, keypoint_score=torch.from_numpy(parts['score']).to(device))  # what was not seen stays so

    def _changes(self, rows: np.ndarray) -> Tuple[np.ndarray, Optional[np.ndarray]]:
        """Offsets ``(N, V, C)`` and gains ``(N, V)`` that latents name."""
        scale, skeleton, channels = rows[:, 2], self.clips.skeleton, self.clips.channels
        if self.shift == 'random':
            spread = self.postures.spread() if len(self.postures) else np.float32(self.spread)
            noise = rows[:, 3:].reshape(len(rows), skeleton.num_joints, channels)
            return (scale[:, None, None] * spread * noise).astype(np.float32), None
        first, second = rows[:, 3:5].round().astype(int).T
        if min(first.min(), second.min()) < 0 or max(first.max(), second.max()) >= len(self.postures):
            raise ValueError(f'a latent names posture {max(first.max(), second.max())}, this generator keeps {len(self.postures)}')
        offsets = scale[:, None, None] * self.postures.offsets(first, second)
        if not self.amplitude:
            return offsets, None
        return offsets, np.clip(self.postures.gains(first, second)**scale[:, None], 1 / WIDEST_GAIN, WIDEST_GAIN)

    # Variants of given clips ----------------------------------------------------------------------------------------------------------

    def _varied(self, clips: Sequence[Dict], strength: float, num_frames: Optional[int], generator: Optional[torch.Generator],
                batch_size: Optional[int]) -> Motion:
        """Of any clips: those that are kept are named in the latents, others have none."""
        self._require_fitted()
        given = ClipStore(self.representation)
        given.fit(clips, up=self.clips.up, rest_joints=self._rest_joints)
        latent = self._latents_of(torch.arange(len(clips)), strength, generator)
        length = given.length if num_frames is None else given.length.clamp(max=num_frames)
        longest, motions = int(length.max()), []
        for rows in torch.arange(len(clips)).split(batch_size or 25):
            label = given.label[rows].to(self.device)
            motion = self._decoded(given, rows.numpy(), latent[rows].to(self.device), label, length[rows])
            motions.append(motion.pad_to(longest))
        kept = self.clips.find(given)
        latent = None if kept is None else torch.cat((torch.from_numpy(kept).float()[:, None], latent[:, 1:]), dim=1).to(self.device)
        return replace(Motion.cat(motions), latent=latent)

    def _require_fitted(self) -> None:
        if not self.fitted:
            raise ValueError('this generator keeps no recordings yet: train it with RepresentationStatsHook in default_hooks, load a '
                             'checkpoint, or call fit(annotations)')


def _class_numbers(names: Sequence[str], known: Optional[Sequence[str]]) -> List[int]:
    unknown = [name for name in names if name not in (known or ())]
    if unknown:
        raise ValueError(f'base.classes: no action {unknown[0]!r}; there are {", ".join(known or ()) or "no names"}')
    return [list(known).index(name) for name in names]
