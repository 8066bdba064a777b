"""A generator in a notebook."""

import warnings
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Union

import torch
from mmengine.config import Config
from torch import nn

from mmagenc.datasets.annotation import motion_to_annotations
from mmagenc.registry import INFERENCERS
from mmagenc.structures import Motion

from .generate import ClipPlan, class_indices, decode_plan, generate, plan_clips, sampling_options
from .inferencer import ModelInferencer
from .inits import init_generator
from .predict import predict_poses
from .sources import Place
from .variants import vary_motions

ClassLike = Union[int, str]


@INFERENCERS.register_module()
class Generator(ModelInferencer):
    """Makes labelled motion: ``Generator.load('work_dirs/mine').generate('crawling', 50)``.

    It is one of MMEngine's inferencers too: ``generator(['crawling', 'sitting'], num_samples_per_class=5)`` gives
    ``dict(predictions=…, visualization=…)``.

    Args:
        model, weights, device, scope, show_progress: as :class:`~mmagenc.apis.inferencer.ModelInferencer`.
    """

    kind = 'generator'
    preprocess_kwargs = {'num_samples_per_class', 'num_frames', 'seed', 'sampling'}

    @property
    def num_frames(self) -> int:
        """Frames of a clip where none are named."""
        return self.model.num_frames

    @property
    def can_vary(self) -> bool:
        """Whether :meth:`vary` makes variants of given clips."""
        return self.model.can_vary

    @property
    def can_predict(self) -> bool:
        """Whether :meth:`predict` goes on from a given pose."""
        return 'start' in sampling_options(self.model)

    def generate(self,
                 classes: Union[ClassLike, Sequence[ClassLike], None] = None,
                 num_samples_per_class: int = 50,
                 *,
                 num_frames: Optional[int] = None,
                 seed: Optional[int] = 0,
                 batch_size: int = 64,
                 progress: bool = False,
                 **sampling) -> Motion:
        """Clips of one class or several, class by class.

        Args:
            classes: a name (of either case) or an index, or several; ``None`` is all.
            num_samples_per_class: clips of each.
            num_frames: of every clip; ``None`` is :attr:`num_frames`.
            seed: one seed gives the same clips, whatever the batch size; ``None`` others each time.
            batch_size: clips decoded at once.
            progress: show a bar.
            **sampling: as :func:`~mmagenc.apis.generate` takes it, of the generator's own: ``noise_factor``, ``class_path``, …

        Returns:
            Motion: on the CPU.

        Raises:
            ValueError: an unknown class, a number out of range, or an option that this generator does not have.
        """
        return generate(
            self.model, num_samples_per_class=num_samples_per_class, classes=_several(classes), num_frames=num_frames, seed=seed,
            batch_size=batch_size, progress=progress, **sampling)

    def vary(self,
             clips: Union[Sequence[Dict], Mapping],
             strength: float = 0.5,
             *,
             num_samples_per_class: Optional[int] = None,
             classes: Union[ClassLike, Sequence[ClassLike], None] = None,
             num_frames: Optional[int] = None,
             seed: Optional[int] = 0,
             batch_size: int = 64) -> Motion:
        """Variants of labelled clips, one of each or ``num_samples_per_class`` of each class; for generators that :attr:`can_vary`.

        Args:
            clips: annotation dicts in the generator's layout, or a whole annotation (then its classes must be the generator's).
            strength: 0 is as near to the clips as the generator can, 1 as far as it goes.
            num_samples_per_class, classes, num_frames, seed, batch_size: as :func:`~mmagenc.apis.vary`.

        Returns:
            Motion: on the CPU, in the order of :func:`~mmagenc.apis.vary`, which also says of each what it is a variant of.

        Raises:
            ValueError: a generator that cannot, clips of other classes, or a number out of range.
        """
        parts = [motion for motion, _ in vary_motions(
            self.model, self._clips_of(clips), strength=strength, num_samples_per_class=num_samples_per_class, classes=_several(classes),
            num_frames=num_frames, seed=seed, batch_size=batch_size)]
        longest = max(motion.keypoint.shape[1] for motion in parts)
        return Motion.cat([motion.pad_to(longest) for motion in parts])

    def _clips_of(self, clips: Union[Sequence[Dict], Mapping]) -> Sequence[Dict]:
        """Clips of an annotation whose classes are the generator's; others are believed."""
        if not isinstance(clips, Mapping):
            return clips
        if 'annotations' not in clips:
            return [clips]
        theirs = (clips.get('metainfo') or {}).get('classes')
        if theirs and list(theirs) != self.classes:
            raise ValueError(f'the clips are of the classes {", ".join(map(str, theirs))}, the generator of {", ".join(self.classes)}')
        return clips['annotations']

    def predict(self,
                start: Any,
                label: ClassLike,
                num_samples: int = 10,
                *,
                num_frames: Optional[int] = None,
                seed: Optional[int] = 0,
                batch_size: Optional[int] = None,
                **sampling) -> Motion:
        """Several different predictions of what follows a pose; for generators that :attr:`can_predict`.

        Args:
            start: an annotation, whose first frame counts, or a pose ``(J, C)`` in units of the recordings.
            label: name or index of the action.
            num_samples: predictions.
            num_frames: predicted poses; ``None`` is :attr:`num_frames`.
            seed, batch_size, **sampling: as :func:`~mmagenc.apis.predict_poses`.

        Returns:
            Motion: on the CPU; the start pose is not among the frames.

        Raises:
            ValueError: a generator that begins with no given pose, an unknown class, a pose of another layout or unit.
        """
        index, = class_indices(self.classes, [label])
        return predict_poses(
            self.model, start, index, num_samples=num_samples, num_frames=num_frames, seed=seed, batch_size=batch_size, **sampling)

    def _said_of_clips(self) -> List[str]:
        return [f'{self.skeleton}, {self.num_frames} frames at {self.fps:g} fps']

    # As MMEngine's inferencers

    def _init_model(self, cfg: Config, weights: Optional[Place], device: str) -> nn.Module:
        model = init_generator(cfg, weights, device)
        if weights is None and model.learns:
            warnings.warn(f'{self.source.name}: a config without a checkpoint: this generator has initial values, what it makes is noise; '
                          'give its weights, Generator(CONFIG, CHECKPOINT)', stacklevel=2)
        return model

    def preprocess(self,
                   inputs: Sequence[ClassLike],
                   batch_size: int = 64,
                   num_samples_per_class: int = 50,
                   num_frames: Optional[int] = None,
                   seed: Optional[int] = 0,
                   sampling: Optional[Dict] = None) -> Iterator[ClipPlan]:
        """Plans of at most ``batch_size`` clips of the classes ``inputs``; all latents are drawn first."""
        plan = plan_clips(self.model, num_samples_per_class=num_samples_per_class, classes=list(inputs), num_frames=num_frames, seed=seed,
                          **(sampling or {}))
        for rows in torch.arange(len(plan.label)).split(max(batch_size, 1)):
            path = None if plan.class_path is None else plan.class_path[rows]
            yield ClipPlan(plan.latent[rows], plan.label[rows], plan.length[rows], path)

    def forward(self, inputs: ClipPlan, **kwargs) -> List[Motion]:
        """The clips of a plan, as one motion in a list."""
        return list(decode_plan(self.model, inputs, batch_size=len(inputs.label)))

    def visualize(self, inputs: Sequence, preds: Sequence[Motion], return_vis: bool = False, out_dir: Optional[Place] = None,
                  force: bool = False) -> List:
        """Pictures of the clips, a row a class: one strip ``(H, W, 3)`` in a list, and files in ``out_dir``; nothing unless asked for."""
        if not return_vis and out_dir is None:
            return []
        clips = motion_to_annotations(Motion.cat(list(preds)), prefix='clip', skeleton=self.skeleton)
        up = self.model.dataset_meta.get('up')
        return [self._draw(clips, [self.classes[clip['label']] for clip in clips], up, out_dir, force)]

    def postprocess(self, preds: Sequence[Motion], visualization: List, return_datasamples: bool = False) -> Dict:
        """``predictions``: a table of plain values for each clip, or with ``return_datasamples`` one :class:`Motion`."""
        motion = Motion.cat(list(preds))
        if return_datasamples:
            return dict(predictions=motion, visualization=visualization)
        clips = motion_to_annotations(motion, prefix='clip')
        tables = [dict(label=clip['label'], name=self.classes[clip['label']], num_frames=clip['total_frames'],
                       keypoint=clip['keypoint'][0].tolist()) for clip in clips]
        return dict(predictions=tables, visualization=visualization)


def _several(classes: Union[ClassLike, Sequence[ClassLike], None]) -> Optional[List[ClassLike]]:
    """One class as a list of it."""
    return classes if classes is None else [classes] if isinstance(classes, (str, int)) else list(classes)
