"""Whole pictures: grids of clips by class, from clips, an annotation or a generator.

T frames, H height, W width; RGB throughout.
"""

import copy
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.dataset import pseudo_collate

from mmagenc.clips import USUAL_FPS, class_index
from mmagenc.draws import seed_draws, untouched_random_state
from mmagenc.progress import progress_bar

from .camera import Camera, View, facing_azimuth
from .clip import Clip
from .grid import Heading, grid_frames
from .medoid import medoid_of_annotations
from .mesh import MeshRenderer
from .skeleton import draw_skeleton
from .writers import check_frames_folder, require_ffmpeg, spread, strip_image, write_frames, write_gif, write_mp4, write_png

STANDIN_FOOTER = 'stand-in data (synthesized)'
MEDOID = 'the medoid of each class (its poses are closest to those of all others)'
SPREAD = 'first the medoid of each class (its poses are closest to those of all others), then clips evenly spread over the file'
FLAT = 'pixels, each clip at its own size'
NO_FLOOR = 'no floor: which way is up is not known of these clips'
SET_DOWN = 'bodies whose path is not known stand on the floor in each frame'
ClipRow = Tuple[str, Sequence[Optional[Clip]]]
TileRow = Tuple[str, List[Optional[np.ndarray]]]
Paths = Union[str, Path, Sequence[Union[str, Path]]]


def draw_grid(rows: Sequence[ClipRow],
              out: Paths,
              *,
              headings: Sequence[Heading] = (),
              footer: str = '',
              fps: float = USUAL_FPS,
              body_model=None,
              camera: Optional[Dict] = None,
              tile_size: Optional[int] = None,
              smooth: float = 0.,
              frames_dir: Optional[Union[str, Path]] = None,
              progress: bool = False) -> np.ndarray:
    """Draw clips in titled rows, all from the same side and at the same scale.

    Args:
        rows: ``(title, clips)`` of each row; ``None`` leaves a place empty, rows without clips are left out.
        out: one file or several: ``.gif`` and ``.mp4`` move, ``.png`` is a strip of stills.
        headings: ``(text, number of columns)`` from left to right.
        footer: small text below the picture. What else must be known to read it is added: where there is no floor and why, which clips
            have a scale of their own.
        fps: frames per second.
        body_model: draw body meshes of this model (the extra ``mesh``) where clips have rotations, instead of skeletons.
        camera: options of :func:`default_camera`, which stands a little above and beside where most persons face.
        tile_size: pixels of a tile's side; chosen by the number of tiles if ``None``.
        smooth: smooth positions over time, see :meth:`Clip.smooth`; skeletons only.
        frames_dir: folder for each frame of the moving picture as a PNG.
        progress: show a progress bar.

    Returns:
        ``(H, W, 3)`` uint8: the strip of stills.

    Raises:
        ValueError: no clips, a file of another suffix, a folder that holds frames already, or smoothed meshes.
        ImportError: ``.mp4`` without the extra ``video``, or a mesh without the extra ``mesh``.
    """
    paths = _check_paths(out)
    folders = [] if frames_dir is None else [check_frames_folder(frames_dir)]
    if smooth and body_model is not None:
        raise ValueError('meshes follow rotations, and positions alone can be smoothed')
    rows = [(title, [clip and clip.smooth(smooth) for clip in clips]) for title, clips in rows if any(clip is not None for clip in clips)]
    clips = [clip for _, row in rows for clip in row if clip is not None]
    if not clips:
        raise ValueError('there are no clips to draw')
    columns = max(len(row) for _, row in rows)
    camera = default_camera(clips, **(camera or {}))
    stills = int(np.clip(15 // columns, 2, 6))
    moving = [path for path in paths if path.suffix != '.png']
    size = tile_size or int(np.clip(min(1080 // columns, 1080 // len(rows)), 112, 240))
    still_size = tile_size or int(np.clip(1600 // (columns * stills), 88, 160))
    with progress_bar(len(clips) * (1 + bool(moving or folders)), 'drawing clips', show=progress) as advance:
        stage = _Stage(clips, camera, body_model)
        footer = caption(footer, *stage.notes())
        tiles = stage.draw(rows, still_size, lambda clip: spread(clip.num_frames, stills), advance)
        image = strip_image(tiles, headings=headings, footer=footer)
        tiles = stage.draw(rows, size, lambda clip: np.arange(clip.num_frames), advance) if moving or folders else []
    _write(paths, folders, image, grid_frames(tiles, headings=headings, footer=footer) if tiles else None, fps)
    return image


def _write(paths: Sequence[Path], folders: Sequence[Path], image: np.ndarray, frames: Optional[np.ndarray], fps: float) -> None:
    """The strip to PNG files, the frames (if there are moving pictures) to GIF and MP4 files and to folders."""
    for path in paths:
        if path.suffix == '.png':
            write_png(image, path)
        else:
            (write_gif if path.suffix == '.gif' else write_mp4)(frames, path, fps=fps)
    for folder in folders:
        write_frames(frames, folder)


def default_camera(clips: Sequence[Clip], *, azimuth: Optional[float] = None, elevation: Optional[float] = None,
                   up: Optional[str] = None) -> Camera:
    """A camera for all these clips; for pixels it looks straight ahead.

    Args:
        clips: the clips of a picture.
        azimuth: degrees around the up axis from +z; ``None`` is 30 degrees beside where most of the persons face.
        elevation: degrees above the horizon; ``None`` is 18, or 0 where the vertical is not known.
        up: axis of the recording that points up; ``None`` where it is not known: then there is no floor.
    """
    if clips[0].flat:
        return Camera(azimuth=0, elevation=0)
    elevation = (0. if up is None else 18.) if elevation is None else elevation
    return Camera(azimuth=facing_azimuth(clips, up) + 30 if azimuth is None else azimuth, elevation=elevation, up=up)


def caption(*parts: str) -> str:
    """The parts that are not empty, one behind the other."""
    return ' · '.join(part for part in parts if part)


def _check_paths(out: Paths) -> List[Path]:
    paths = [Path(out)] if isinstance(out, (str, Path)) else [Path(path) for path in out]
    for path in paths:
        if path.suffix not in ('.gif', '.mp4', '.png'):
            raise ValueError(f'{path}: pictures end in .gif, .mp4 or .png')
    if any(path.suffix == '.mp4' for path in paths):
        require_ffmpeg()
    return paths


class _Stage:
    """All clips of a picture before one camera."""

    def __init__(self, clips: Sequence[Clip], camera: Camera, body_model) -> None:
        self.clips, self.camera, self.body_model, self.origins = clips, camera, body_model, {}
        if body_model is None:
            clouds = [camera.stage(clip) for clip in clips]
        else:
            clouds = []
            for clip in clips:
                self.origins[id(clip)], vertices = MeshRenderer.stage(body_model, clip, camera)
                clouds.append(vertices[:, ::7])
        views = View.fit(clouds, camera, (400, 400), one_scale=not clips[0].flat)
        self.views = {id(clip): view for clip, view in zip(clips, views)}

    def notes(self) -> List[str]:
        """What must be known to read the picture."""
        if self.clips[0].flat:
            return [FLAT]
        scales = [self.views[id(clip)].scale for clip in self.clips]
        smaller = sum(scale < max(scales) for scale in scales)
        notes = [f'{smaller} of {len(scales)} clips reach far and are drawn smaller'] if smaller else []
        if self.camera.up is None:
            return [NO_FLOOR, *notes]
        return [SET_DOWN, *notes] if any(clip.still for clip in self.clips) else notes

    def draw(self, rows: Sequence[ClipRow], size: int, frames_of: Callable, advance: Callable[[], None]) -> List[TileRow]:
        """Tiles of ``size`` pixels of each clip's frames ``frames_of(clip)``."""
        drawn = [(title, []) for title, _ in rows]
        with _Renderers(self.body_model) as renderers:
            for (_, clips), (_, tiles) in zip(rows, drawn):
                for clip in clips:
                    if clip is None:
                        tiles.append(None)
                        continue
                    view, frames = self.views[id(clip)].resized((size, size)), frames_of(clip)
                    tiles.append(draw_skeleton(clip, view, frames) if self.body_model is None else
                                 renderers.of(view).draw(clip, frames, self.origins[id(clip)]))
                    advance()
        return drawn


class _Renderers:
    """A mesh renderer for each view that occurs, made when it is needed."""

    def __init__(self, body_model) -> None:
        self.body_model, self.made = body_model, {}

    def of(self, view: View) -> MeshRenderer:
        key = (view.size, view.scale, view.ground)
        if key not in self.made:
            self.made[key] = MeshRenderer(self.body_model, view)
        return self.made[key]

    def __enter__(self) -> '_Renderers':
        return self

    def __exit__(self, *_) -> None:
        for renderer in self.made.values():
            renderer.close()


# Annotation files -----------------------------------------------------------------------------------------------------------------------


def annotation_rows(annotation: Dict, *, num_per_class: int = 5, classes: Optional[Sequence[str]] = None, skeleton: Optional[str] = None,
                    max_frames: int = 150, up: Optional[str] = None) -> List[ClipRow]:
    """Rows of an annotation's clips, one row for each class in class order.

    Args:
        annotation: see :mod:`mmagenc.datasets.annotation`.
        num_per_class: clips of each class: first its medoid (see :mod:`.medoid`), then others, evenly spread over the file.
        classes: names of the classes that are drawn; all that have clips if ``None``.
        skeleton: layout, where the annotation names none.
        max_frames: longer clips are cut.
        up: axis of the recordings that points up; the annotation's ``metainfo['up']`` if ``None``.

    Raises:
        ValueError: an unknown class or skeleton.
    """
    metainfo = annotation.get('metainfo') or {}
    labels = np.array([int(clip['label']) for clip in annotation['annotations']])
    names = list(metainfo.get('classes') or (f'class {label}' for label in range(max(labels, default=-1) + 1)))
    rows = []
    for label in class_indices(names, classes):
        members = [clip for clip, other in zip(annotation['annotations'], labels) if other == label]
        clips = medoid_first(members, num_per_class, skeleton or metainfo.get('skeleton'), up or metainfo.get('up'))
        rows.append((names[label], [Clip.from_annotation(clip, skeleton or metainfo.get('skeleton')).cut(max_frames) for clip in clips]))
    return [row for row in rows if row[1]]


def medoid_first(annotations: Sequence[Dict], count: int, skeleton=None, up: Optional[str] = None) -> List[Dict]:
    """The medoid of annotation dicts and up to ``count - 1`` of the others, evenly spread over them."""
    if not annotations:
        return []
    first = medoid_of_annotations(annotations, skeleton, up)
    others = [clip for index, clip in enumerate(annotations) if index != first]
    return [annotations[first], *(others[index] for index in np.unique(spread(len(others), min(count - 1, len(others)))))]


def chosen_rows(annotation: Dict, indexes: Sequence[int], *, skeleton: Optional[str] = None,
                max_frames: int = 150) -> Tuple[List[ClipRow], List[Heading]]:
    """Rows and headings of an annotation's clips by number: up to eight side by side, more in a row for each class.

    Args:
        annotation: see :mod:`mmagenc.datasets.annotation`.
        indexes: numbers of the clips in the order of the file, from 0.
        skeleton: layout, where the annotation names none.
        max_frames: longer clips are cut.

    Raises:
        ValueError: a number that the file does not have, or none at all.
    """
    metainfo, clips = annotation.get('metainfo') or {}, annotation['annotations']
    outside = [index for index in indexes if not 0 <= index < len(clips)]
    if outside or not indexes:
        raise ValueError(f'there are the clips 0 to {len(clips) - 1}, got {outside}')
    names = metainfo.get('classes')
    titles = [names[clips[index]['label']] if names else f'class {clips[index]["label"]}' for index in indexes]
    drawn = [Clip.from_annotation(clips[index], skeleton or metainfo.get('skeleton')).cut(max_frames) for index in indexes]
    if len(indexes) <= 8:
        return [('', drawn)], [(f'{index} {title}', 1) for index, title in zip(indexes, titles)]
    rows = []
    for title in dict.fromkeys(titles):
        members = [place for place, other in enumerate(titles) if other == title]
        rows.append((f'{title}: {" ".join(str(indexes[place]) for place in members)}', [drawn[place] for place in members]))
    return rows, []


def class_indices(names: Sequence[str], classes: Optional[Sequence[str]]) -> List[int]:
    """Indices, in class order, of classes given as :func:`~mmagenc.clips.class_index` takes them; all if ``None``.

    Raises:
        ValueError: as there.
    """
    if classes is None:
        return list(range(len(names)))
    return sorted({class_index(names, name) for name in classes})


def standin_footer(*texts) -> str:
    """:data:`STANDIN_FOOTER` where a text (a clip's name, a path) tells of stand-in data, else nothing."""
    found = any(word in str(text).lower() for text in texts for word in ('stand-in', 'standin'))
    return STANDIN_FOOTER if found else ''


# Generators -----------------------------------------------------------------------------------------------------------------------------


def visualize_generator(model,
                        dataset,
                        out: Paths,
                        *,
                        num_samples_per_class: int = 3,
                        classes: Optional[Sequence[str]] = None,
                        class_names: Optional[Sequence[str]] = None,
                        num_frames: Optional[int] = None,
                        seed: int = 0,
                        mesh: bool = False,
                        footer: Optional[str] = None,
                        fps: Optional[float] = None,
                        **kwargs) -> np.ndarray:
    """Draw, for each class, a real clip, what the model makes of it, and generated clips.

    Global random states and the model's mode are as before afterwards, so that this can be called while training.

    Args:
        model: a generator.
        dataset: dataset that ends in ``PackMotionInputs``; of its recorded clips the medoid of each class is drawn. ``None`` draws
            samples only.
        out: one file or several, see :func:`draw_grid`.
        num_samples_per_class: generated clips in each row.
        classes: names or numbers of the classes that are drawn; all if ``None``.
        class_names: names in class order, where the dataset (or its absence) does not tell.
        num_frames: frames of generated clips; the model's own if ``None``.
        seed: of the generated clips.
        mesh: draw body meshes (the extra ``mesh``).
        footer: small text below; says that data is stand-in data if ``None``. How the clips were chosen is added.
        fps: frames per second; the dataset's (else 30, as the published infants') if ``None``.
        **kwargs: see :func:`draw_grid`. Where its ``camera`` does not say which axis points up, the dataset's or the model's metainfo
            does.

    Returns:
        ``(H, W, 3)`` uint8: the strip of stills.

    Raises:
        ValueError: an unknown class, a mesh of a generator without rotations, files of another suffix.
    """
    metainfo = {} if dataset is None else getattr(dataset, 'metainfo', {})
    names = list(class_names or metainfo.get('classes') or (f'class {label}' for label in range(model.num_classes)))
    body_model = _body_model_of(model) if mesh else None
    labels = class_indices(names, classes)
    camera = dict(kwargs.pop('camera', None) or {})
    camera['up'] = camera.get('up') or metainfo.get('up') or (getattr(model, 'dataset_meta', None) or {}).get('up')
    with _random_states_kept(), _evaluating(model):
        real = {} if dataset is None else _real_and_reconstructed(model, dataset, labels, camera['up'])
        sampled = sample_clips(model, labels, num_samples_per_class, num_frames, seed)
    width = max((len(pair) for pair in real.values()), default=0)
    rows = [(names[label], [*real.get(label, [None] * width), *sampled[label]]) for label in labels]
    headings = [('real', 1), ('reconstruction', 1)][:width]
    if num_samples_per_class:
        headings.append(('samples' if num_samples_per_class > 1 else 'sample', num_samples_per_class))
    if footer is None and dataset is not None:
        footer = standin_footer(metainfo, dataset.get_data_info(0)['frame_dir'])
    footer = caption(footer, f'real: {MEDOID}' if width else '',
                     f'samples: the first of seed {seed}, not selected' if num_samples_per_class else '')
    fps = fps or metainfo.get('fps') or USUAL_FPS
    return draw_grid(rows, out, headings=headings, footer=footer, fps=fps, body_model=body_model, camera=camera, **kwargs)


def sample_clips(model, labels: Sequence[int], num_per_class: int, num_frames: Optional[int], seed: int) -> Dict[int, List[Clip]]:
    """Generated clips of each class."""
    if not num_per_class:
        return {label: [] for label in labels}
    motion = model.generate(np.repeat(labels, num_per_class), num_frames, generator=torch.Generator().manual_seed(seed))
    clips = Clip.from_motion(motion, model.representation.keypoint_skeleton)
    return {label: clips[place * num_per_class:(place + 1) * num_per_class] for place, label in enumerate(labels)}


@torch.no_grad()
def _real_and_reconstructed(model, dataset, labels: Sequence[int], up: Optional[str]) -> Dict[int, List[Clip]]:
    """Each class's medoid of the recorded clips as the model sees it and, where the model can encode, as it decodes it again."""
    pairs = {}
    for label, index in _medoid_of_each_class(dataset, labels, up).items():
        batch = model.data_preprocessor(pseudo_collate([dataset[index]]))
        label_and_length = model.labels_and_lengths(batch['data_samples'])
        encoded = model.representation.encode(batch['inputs'])
        real = model.representation.decode(encoded, label=label_and_length[0], length=label_and_length[1])
        motions = [real, model.reconstruct(encoded, *label_and_length)]
        pairs[label] = [clip for motion in motions if motion is not None
                        for clip in Clip.from_motion(motion, model.representation.keypoint_skeleton)]
    return pairs


def _medoid_of_each_class(dataset, labels: Sequence[int], up: Optional[str]) -> Dict[int, int]:
    """Index of each class's medoid of the clips that are not synthetic; classes without such a clip are left out."""
    clips = dataset.annotations() if hasattr(dataset, 'annotations') else [dataset.get_data_info(index) for index in range(len(dataset))]
    found, skeleton = {}, getattr(dataset, 'metainfo', {}).get('skeleton')
    for label in labels:
        members = [index for index, clip in enumerate(clips) if int(clip['label']) == label and clip.get('source') != 'synthetic']
        if members:
            found[label] = members[medoid_of_annotations([clips[index] for index in members], skeleton, up)]
    return found


def _body_model_of(model):
    """A copy, on the CPU, of the body model that the model's motions are posed with."""
    body_model = getattr(model.representation, 'body_model', None)
    if body_model is None:
        raise ValueError(f'{type(model.representation).__name__} generates positions without rotations: there is no body mesh to draw')
    return copy.deepcopy(body_model).cpu()


@contextmanager
def _evaluating(model) -> Iterator[None]:
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@contextmanager
def _random_states_kept() -> Iterator[None]:
    """Let a training pipeline draw its windows without changing what training draws next; they are the same every time."""
    with untouched_random_state():
        seed_draws(0)
        yield
