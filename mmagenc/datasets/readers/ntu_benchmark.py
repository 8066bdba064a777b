"""NTU RGB+D 60 and 120: actions, benchmark splits, and clips' names in them.

Splits have the names that MMAction2's and pyskl's files use: ``xsub_train`` and ``xsub_val`` (the benchmark's test part), ``xview_…`` for
60, ``xset_…`` for 120. ``<benchmark>_fit`` and ``<benchmark>_holdout`` are ``<benchmark>_train`` without and of every tenth of its
subjects, so that an epoch can be picked without looking at the test part.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, FrozenSet, Iterable, List, Tuple

from .ntu_skeleton import NAME, ClipName

ACTIONS = tuple(name.strip() for name in """
drink water|eat meal|brush teeth|brush hair|drop|pick up|throw|sit down|stand up|clapping|reading|writing|tear up paper|put on jacket|
take off jacket|put on a shoe|take off a shoe|put on glasses|take off glasses|put on a hat/cap|take off a hat/cap|cheer up|hand waving|
kicking something|reach into pocket|hopping|jump up|phone call|play with phone/tablet|type on a keyboard|point to something|taking a selfie|
check time (from watch)|rub two hands|nod head/bow|shake head|wipe face|salute|put palms together|cross hands in front|sneeze/cough|
staggering|falling down|headache|chest pain|back pain|neck pain|nausea/vomiting|fan self|punch/slap|kicking|pushing|pat on back|
point finger|hugging|giving object|touch pocket|shaking hands|walking towards|walking apart|put on headphone|take off headphone|
shoot at basket|bounce ball|tennis bat swing|juggle table tennis ball|hush|flick hair|thumb up|thumb down|make OK sign|make victory sign|
staple book|counting money|cutting nails|cutting paper|snap fingers|open bottle|sniff/smell|squat down|toss a coin|fold paper|ball up paper|
play magic cube|apply cream on face|apply cream on hand|put on bag|take off bag|put object into bag|take object out of bag|open a box|
move heavy objects|shake fist|throw up cap/hat|capitulate|cross arms|arm circles|arm swings|run on the spot|butt kicks|cross toe touch|
side kick|yawn|stretch oneself|blow nose|hit with object|wield knife|knock over|grab stuff|shoot with gun|step on foot|high-five|
cheers and drink|carry object|take a photo|follow|whisper|exchange things|support somebody|rock-paper-scissors
""".replace('\n', '').split('|'))
"""Names of A001 to A120; NTU RGB+D 60 is the first sixty."""
XSUB60 = frozenset({1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38})
XSUB120 = frozenset({
    1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38, 45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74,
    78, 80, 81, 82, 83, 84, 85, 86, 89, 91, 92, 93, 94, 95, 97, 98, 100, 103
})
"""Subjects whose clips are for training."""
TRAIN_CAMERAS = frozenset({2, 3})


@dataclass(frozen=True)
class Benchmark:
    """A release of the set: how many setups and actions it has, and which clips each of its benchmarks trains on."""
    name: str
    num_setups: int
    num_classes: int
    subjects: FrozenSet[int]
    protocols: Tuple[str, str]

    @property
    def classes(self) -> List[str]:
        return list(ACTIONS[:self.num_classes])

    def has(self, clip: ClipName) -> bool:
        """Whether a clip belongs to the release."""
        return 1 <= clip.setup <= self.num_setups and 1 <= clip.action <= self.num_classes

    def splits(self, names: Iterable[str]) -> Dict[str, List[str]]:
        """All splits of clips' names, in the order given."""
        clips = {name: ClipName.parse(name) for name in names}
        result = {}
        for protocol in self.protocols:
            trains = self._trains(protocol)
            held_out = set(sorted(self._subjects(protocol))[9::10])
            train = [name for name, clip in clips.items() if trains(clip)]
            result[f'{protocol}_train'] = train
            result[f'{protocol}_val'] = [name for name, clip in clips.items() if not trains(clip)]
            result[f'{protocol}_fit'] = [name for name in train if clips[name].subject not in held_out]
            result[f'{protocol}_holdout'] = [name for name in train if clips[name].subject in held_out]
        return result

    def _trains(self, protocol: str) -> Callable[[ClipName], bool]:
        rules = dict(xsub=lambda clip: clip.subject in self.subjects, xview=lambda clip: clip.camera in TRAIN_CAMERAS,
                     xset=lambda clip: clip.setup % 2 == 0)
        return rules[protocol]

    def _subjects(self, protocol: str) -> Iterable[int]:
        """Subjects of the training part: those listed, or all (40 of 60's, 106 of 120's)."""
        return self.subjects if protocol == 'xsub' else range(1, 1 + (40 if self.num_classes == 60 else 106))


BENCHMARKS = dict(
    ntu60=Benchmark('ntu60', 17, 60, XSUB60, ('xsub', 'xview')), ntu120=Benchmark('ntu120', 32, 120, XSUB120, ('xsub', 'xset')))


def read_missing(path) -> FrozenSet[str]:
    """Names in a published list of clips without skeletons (any text that has them).

    Raises:
        FileNotFoundError: no such file.
        ValueError: it has no clip's name.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such list of missing clips')
    names = frozenset(match.group() for match in re.finditer(NAME, path.read_text(encoding='utf-8', errors='replace')))
    if not names:
        raise ValueError(f'{path}: has no name like S001C002P003R002A013')
    return names
