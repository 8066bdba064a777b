"""Generated clips that are made anew again and again while a recognizer trains.

N clips.
"""

import hashlib
import math
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.dist import all_gather_object
from torch import nn

from mmagenc.datasets import MotionDataset
from mmagenc.datasets.annotation import motion_to_annotations
from mmagenc.draws import RepetitionCounter, seed_of, untouched_random_state
from mmagenc.engine.contract import ContractError
from mmagenc.engine.gate import MotionGate
from mmagenc.models.generators.variants import variant_annotations
from mmagenc.structures import ClipForm

ATTEMPTS = 3
"""How often a clip that the gate left out is made again before another of its class takes its place."""
BALANCES = ('recordings', 'even')
MOST_RATIO, FEWEST_CLIPS, LEAST_RATIO, MANY_CLIPS = 2., 5, 0.25, 70
"""MacDiff's best ratios of generated clips to recordings (arXiv 2409.10473) at 1 % (some 7 clips a class) and 10 % of NTU-60's labels."""


def usual_ratio(clips_per_class: float) -> float:
    """Generated clips for each recording by how many recordings a class has: 2 up to 5, 1/4 from 70, between them log-linear."""
    clips = min(max(clips_per_class, FEWEST_CLIPS), MANY_CLIPS)
    slope = math.log(LEAST_RATIO / MOST_RATIO) / math.log(MANY_CLIPS / FEWEST_CLIPS)
    return MOST_RATIO * (clips / FEWEST_CLIPS)**slope


@dataclass
class Renewal:
    """What one or several renewals made, for the log; numbers of this process.

    Args:
        made: clips that were generated.
        reasons: of those that the gate left out, how many for what.
        speed: median over classes of the clips' speed, body lengths a second, as they were first made.
        seconds: that it took.
        missing: classes of which no clip passed.
    """

    made: int = 0
    reasons: Dict[str, int] = field(default_factory=dict)
    speed: float = float('nan')
    seconds: float = 0.
    missing: List[int] = field(default_factory=list)

    @property
    def left_out(self) -> int:
        """Clips that the gate objected to."""
        return sum(self.reasons.values())

    def add(self, other: 'Renewal') -> None:
        """Take in another renewal's numbers; the speed is the newest one's."""
        self.made += other.made
        self.seconds += other.seconds
        for reason, count in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count
        self.speed, self.missing = other.speed, sorted({*self.missing, *other.missing})


class OnlineClips:
    """Clips of a generator by the number of the renewal: the same number gives the same clips.

    Args:
        model: the generator.
        recordings: labelled clips; of the classes that they have clips are made.
        dataset: whose form the clips are brought into.
        count: clips of all processes together.
        balance: ``'recordings'``: classes as often as among the recordings; ``'even'``: equally often.
        gate: fitted; what it objects to is made again, :data:`ATTEMPTS` times, and then left out, another of its class in its place.
        num_frames: frames of a clip (of a variant: at most); ``None`` is the generator's own.
        fps: of the generator's clips; ``None`` is the dataset's.
        vary: ``dict(strength=…)``: variants of recordings in the place of new clips.
        seed: gives the seed.
        rank, world_size: which of how many processes this is; each makes its share.
        report: called with what each renewal made, and its number.
    """

    def __init__(self, *, model: nn.Module, recordings: Sequence[Dict], dataset: MotionDataset, count: int, balance: str, gate: MotionGate,
                 num_frames: Optional[int], fps: Optional[float], vary: Optional[Dict], seed: Callable[[], int], rank: int,
                 world_size: int, report: Callable[[Renewal, int], None]) -> None:
        self.model, self.recordings, self.dataset, self.gate = model, recordings, dataset, gate
        self.count, self.balance = count, balance
        self.num_frames, self.fps, self.vary, self.seed = num_frames, fps, vary, seed
        self.rank, self.world_size, self.report = rank, world_size, report
        self.form = ClipForm.of(recordings)
        self._labels = torch.tensor([int(clip['label']) for clip in recordings])
        self._known: Tuple[int, List[Dict]] = (-1, [])

    def __call__(self, number: int) -> List[Dict]:
        """The clips of a renewal, in the dataset's form; those of the last one that was asked for are kept."""
        if self._known[0] != number:
            began = time.monotonic()
            with untouched_random_state():
                clips, renewal = self._renew(number)
            renewal.seconds = time.monotonic() - began
            self._known = number, clips
            self.report(renewal, number)
        return self._known[1]

    @property
    def number(self) -> int:
        """Of the renewal whose clips are kept."""
        return self._known[0]

    def _renew(self, number: int) -> Tuple[List[Dict], Renewal]:
        sources, speed = self.plan(number)[self.rank::self.world_size], float('nan')
        generator = torch.Generator().manual_seed(seed_of(self.seed(), number, self.rank))
        kept: List[Optional[Dict]] = [None] * len(sources)
        renewal, open_places = Renewal(), torch.arange(len(sources))
        for attempt in range(ATTEMPTS):
            if not len(open_places):
                break
            clips = self._make(sources[open_places], f'online_{number}_{self.rank}_{attempt}', generator)
            verdict = self.gate(clips)
            passed = verdict.passed if self.gate.enforce else np.ones(len(clips), dtype=bool)
            for place, clip, passes in zip(open_places.tolist(), clips, passed):
                kept[place] = clip if passes else None
            speed = float(np.median(list(verdict.speed.values()))) if attempt == 0 else speed  # not that of the repetitions
            renewal.add(Renewal(len(clips), verdict.reasons, speed))
            open_places = open_places[torch.from_numpy(~passed)]
        labels = self._labels[sources].tolist()
        renewal.missing = sorted({*labels} - {label for label, clip in zip(labels, kept) if clip is not None})
        whole = [self.form.complete(clip) for clip in _filled(kept, labels)]
        return self.dataset.adopted(whole, source='generated clips') if whole else [], renewal

    def plan(self, number: int) -> torch.Tensor:
        """``(count,)`` recordings whose classes (and, where they are varied, which themselves) the clips of a renewal take.

        Systematic draws: every class, and within it every recording, comes as often as its share says, but for one more or less, and what
        is rare gets its turn from one renewal to the next.
        """
        generator = torch.Generator().manual_seed(seed_of(self.seed(), number))
        order = torch.randperm(len(self._labels), generator=generator)
        members = [order[self._labels[order] == label] for label in self._labels.unique().tolist()]
        places = torch.arange(self.count) + torch.rand((), generator=generator, dtype=torch.float64)
        if self.balance == 'recordings':
            line = torch.cat(members)
            drawn = line[(places * (len(line) / self.count)).long().clamp(max=len(line) - 1)]
        else:
            classes = (places * (len(members) / self.count)).long().clamp(max=len(members) - 1).tolist()
            turn = RepetitionCounter()
            drawn = torch.stack([members[kind][turn(place, kind) % len(members[kind])] for place, kind in enumerate(classes)])
        return drawn[torch.randperm(self.count, generator=generator)]

    @torch.no_grad()
    def _make(self, sources: torch.Tensor, name: str, generator: torch.Generator) -> List[Dict]:
        """A clip for each recording: of its class, or a variant of it."""
        num_frames = self.num_frames or self.model.num_frames
        if self.vary is None:
            clips = motion_to_annotations(self.model.generate(self._labels[sources], num_frames, generator=generator).cpu(), prefix=name)
        else:
            real = [self.recordings[index] for index in sources.tolist()]
            motion = self.model.vary(real, self.vary['strength'], num_frames=num_frames, generator=generator).cpu()
            clips = variant_annotations(motion, real, prefix=name)
        return clips if self.fps is None else [dict(clip, fps=self.fps) for clip in clips]


def _filled(kept: Sequence[Optional[Dict]], labels: Sequence[int]) -> List[Dict]:
    """The clips that are there, and for each other one some clip of its class, under a name of its own; none where there is none."""
    there: Dict[int, List[Dict]] = {}
    for clip, label in zip(kept, labels):
        if clip is not None:
            there.setdefault(label, []).append(clip)
    filled, taken = [], 0
    for clip, label in zip(kept, labels):
        if clip is None and label in there:
            clip = there[label][taken % len(there[label])]
            clip, taken = dict(clip, frame_dir=f'{clip["frame_dir"]}_again_{taken}'), taken + 1
        if clip is not None:
            filled.append(clip)
    return filled


def require_some(renewal: Renewal, clips: Sequence[Dict]) -> Dict:
    """One of the clips that the gate lets pass, in all processes the same.

    Raises:
        ContractError: no process has any.
    """
    found = next((example for example in all_gather_object(clips[0] if clips else None) if example is not None), None)
    if found is None:
        why = ', '.join(f'{count} {reason}' for reason, count in renewal.reasons.items())
        raise ContractError(f'OnlineGenerationHook: none of {renewal.made} generated clips moves as the recordings of its class do '
                            f'({why}): train the generator longer, or let all clips pass with gate=dict(enforce=False)')
    return found


def weights_digest(model: nn.Module) -> str:
    """A digest of a model's weights and buffers, the same on every device."""
    digest = hashlib.blake2b(digest_size=16)
    for name, value in model.state_dict().items():
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().contiguous()
            digest.update(f'{name} {value.dtype} {tuple(value.shape)} '.encode())
            digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def describe(renewal: Renewal, recorded_speed: float, *, enforced: bool) -> str:
    """A renewal, or several together, in words."""
    why = ', '.join(f'{count} {reason}' for reason, count in sorted(renewal.reasons.items(), key=lambda item: -item[1]))
    verb = 'left out' if enforced else 'would be left out, were the gate enforced'
    gate = f'{renewal.left_out} {verb}' + (f' ({why})' if why else '')
    return (f'{renewal.made} clips generated, {gate}; their speed {renewal.speed:.2f} beside {recorded_speed:.2f} of the recordings '
            f'(body lengths a second); {renewal.seconds:.1f} s')


def median_speed(gate: MotionGate) -> float:
    """Median over classes of the recordings' speed."""
    return float(np.median(list(gate.speed.values()))) if gate.speed else float('nan')


def known_fps(meta: Dict, gap: Any) -> Optional[float]:
    """Frames a second of a generator's clips, where its training set says it."""
    return float(meta['fps']) / gap if meta.get('fps') else None
