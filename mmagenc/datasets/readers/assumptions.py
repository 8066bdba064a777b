"""What importers of motion assumed about files, and what is doubtful in the result, in words for people."""

from collections import Counter
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

_SHOWN = 10  # Files named for each kind of doubt.


@dataclass(frozen=True)
class Assumption:
    """What was assumed about one file.

    Args:
        what: said once for all files of which it is the same.
        fps: frames per second of the file.
        legs: length of the recorded legs in metres, where it was measured.
        notes: what in the file was not as the format has it, or was left out.
    """
    what: str
    fps: float
    legs: Optional[float] = None
    notes: Tuple[str, ...] = ()


def assumption_lines(clips: Sequence[Mapping]) -> List[str]:
    """One line for all clips about which the same was assumed (``clip['assumed']``)."""
    groups: Dict[str, List[Assumption]] = {}
    for clip in clips:
        groups.setdefault(clip['assumed'].what, []).append(clip['assumed'])
    lines = []
    for what, found in groups.items():
        parts = [what, *([f'legs {_span([one.legs for one in found], 2)} m'] if found[0].legs else []),
                 f'{_span([one.fps for one in found], 0)} fps']
        notes = Counter(note for one in found for note in one.notes)
        parts += [f'{note} ({count} files)' if len(found) > 1 else note for note, count in notes.items()]
        lines.append(f'{len(found)} file{"s" * (len(found) > 1)}: {"; ".join(parts)}')
    return lines


def _span(values: Sequence[float], digits: int) -> str:
    first, last = (f'{value:.{digits}f}' for value in (min(values), max(values)))
    return first if first == last else f'{first} to {last}'


def doubt_lines(clips: Sequence[Mapping]) -> List[str]:
    """What is doubtful (``clip['doubts']``, words by name), by name, with the first files of each."""
    groups: Dict[str, List[Tuple[str, str]]] = {}
    for clip in clips:
        for name, words in clip['doubts'].items():
            groups.setdefault(name, []).append((clip['name'], words))
    lines = []
    for name, found in groups.items():
        lines += [f'{name}: {clip}: {words}' for clip, words in found[:_SHOWN]]
        lines += [f'{name}: and {len(found) - _SHOWN} more files'] if len(found) > _SHOWN else []
    return lines


def doubtful_words(clip: Mapping) -> str:
    """All that is doubtful in a clip, for whoever leaves it out."""
    return '; '.join(f'{name}: {words}' for name, words in clip['doubts'].items())
