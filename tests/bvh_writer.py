"""BVH text for tests, written the slow and obvious way."""

from typing import List, Sequence


def bvh_text(names: Sequence[str], parents: Sequence[int], offsets: Sequence, channels: Sequence[Sequence[str]], frames: Sequence,
             frame_time: float, *, end: str = '\n', indent: str = '\t') -> str:
    """A file with one column per channel, joints in depth-first order; a joint without children gets an End Site one unit along x."""
    lines: List[str] = ['HIERARCHY']

    def block(joint: int, depth: int) -> None:
        pad = indent * depth
        lines.extend([f'{pad}{"ROOT" if parents[joint] < 0 else "JOINT"} {names[joint]}', pad + '{'])
        lines.append(f'{pad}{indent}OFFSET ' + ' '.join(f'{value:.9g}' for value in offsets[joint]))
        lines.append(f'{pad}{indent}CHANNELS {len(channels[joint])} ' + ' '.join(channels[joint]))
        children = [child for child, parent in enumerate(parents) if parent == joint]
        for child in children:
            block(child, depth + 1)
        if not children:
            lines.extend([f'{pad}{indent}End Site', f'{pad}{indent}{{', f'{pad}{indent * 2}OFFSET 1 0 0', f'{pad}{indent}}}'])
        lines.append(pad + '}')

    block(0, 0)
    lines.extend(['MOTION', f'Frames:{indent}{len(frames)}', f'Frame Time:{indent}{frame_time:.9g}'])
    lines.extend(' '.join(f'{value:.9g}' for value in frame) for frame in frames)
    return end.join(lines) + end


def describe(name, path) -> dict:
    """A conversion that worker processes can import: a file's name and length, or the refusal of an empty one."""
    content = path.read_text()
    if not content:
        raise ValueError('empty')
    return dict(name=name, length=len(content))
