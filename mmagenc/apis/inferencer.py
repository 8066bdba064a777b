"""What generators and recognizers in a notebook have in common: MMEngine's inferencers, found and built as this package's models are."""

from pathlib import Path
from typing import Any, Callable, List, Optional, Sequence, Union

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.infer import BaseInferencer
from torch import nn

from mmagenc.clips import USUAL_FPS
from mmagenc.engine.model_folder import read_table
from mmagenc.outputs import Output, check_outputs
from mmagenc.visualization import Clip, draw_grid, standin_footer

from .folders import save_pretrained
from .sources import Place, Source, find_source

PICTURES = ('grid.gif', 'strip.png')
"""What ``out_dir=`` gets."""


class ModelInferencer(BaseInferencer):
    """A model that is loaded by whatever names it.

    Args:
        model: what :func:`~mmagenc.apis.sources.find_source` takes: a folder, a checkpoint, a config (with ``weights``), a name.
        weights: a checkpoint of the config ``model``, or ``None``.
        device: ``'auto'`` (or ``None``) is the GPU where there is one.
        scope: MMEngine's default scope; the config's own if left out.
        show_progress: show a bar while called as MMEngine's inferencers are.

    Raises:
        FileNotFoundError: nothing of this name.
        ValueError: something else than such a model, or weights that do not fit.
    """

    kind = 'model'
    visualize_kwargs = {'return_vis', 'out_dir', 'force'}

    def __init__(self,
                 model: Union[Place, Config, None] = None,
                 weights: Optional[Place] = None,
                 device: Optional[str] = 'auto',
                 scope: Optional[str] = None,
                 show_progress: bool = False) -> None:
        self.source: Source = find_source(model, weights)
        self._check_kind()
        super().__init__(self.source.config, self.source.checkpoint, device or 'auto', scope, show_progress)
        self.cfg = self.model.cfg  # completed by what own data says

    @classmethod
    def load(cls, source: Union[Place, Config], *, config: Union[Place, Config, None] = None, device: str = 'auto') -> 'ModelInferencer':
        """The model of a name.

        Args:
            source: the ``work_dir`` of a training, of which the best or else the last checkpoint is taken; a folder that
                :meth:`save_pretrained` wrote; a checkpoint; a config, or the name of one of this package's; ``owner/name`` on the
                Hugging Face hub (the extra ``hub``).
            config: of a checkpoint that does not lie in its work folder.
            device: ``'auto'`` is the GPU where there is one.

        Raises:
            FileNotFoundError: nothing of this name; the message says what was looked for.
            ValueError: something else than such a model, or weights that do not fit it.
        """
        return cls(source, device=device) if config is None else cls(config, source, device=device)

    def save_pretrained(self, folder: Place, *, name: Optional[str] = None, force: bool = False) -> Path:
        """Write ``config.json``, ``model.safetensors`` and ``README.md``, from which :meth:`load` makes the same model anywhere.

        Args:
            folder: made if it is not there.
            name: of the model in its README.
            force: replace these files where they are there.

        Raises:
            OutputError: they are there, or cannot be written.
            ValueError: a model that has learnt nothing, or whose settings cannot be handed on.
        """
        return save_pretrained(self.model, folder, name=name, force=force)

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    @property
    def classes(self) -> List[str]:
        """Names of the classes, by index."""
        return list(self.model.dataset_meta['classes'])

    @property
    def skeleton(self) -> Optional[str]:
        """Layout of the clips' keypoints, where it is known."""
        return self.model.dataset_meta.get('skeleton')

    @property
    def fps(self) -> Optional[float]:
        """Frames of a second of the clips, where that is known."""
        return self.model.dataset_meta.get('fps')

    @property
    def stand_in(self) -> bool:
        """Whether the model learnt from synthesized stand-in data."""
        folder = self.source.config.get('model_folder')
        return bool(read_table(folder).get('stand_in') if folder else standin_footer(self.cfg.get('train_dataloader')))

    def __repr__(self) -> str:
        names = self.classes
        shown = ', '.join(names[:5]) + (', …' if len(names) > 5 else '')
        count = '1 class' if len(names) == 1 else f'{len(names)} classes'
        parts = [count + (f' ({shown})' if names != list(map(str, range(len(names)))) else ''), *self._said_of_clips()]
        note = ', stand-in data' if self.stand_in else ''
        untrained = ', initial values' if self.source.checkpoint is None else ''
        return f'{type(self).__name__}({self._algorithm()}: {", ".join(parts)}; from {self.source.name}{untrained}{note})'

    def _algorithm(self) -> str:
        return type(self.model).__name__

    def _said_of_clips(self) -> List[str]:
        return [part for part in (self.skeleton, None if self.fps is None else f'{self.fps:g} fps') if part is not None]

    def _check_kind(self) -> None:
        """Refuse the folder of a model of the other kind before it is built."""
        folder = self.source.config.get('model_folder')
        kind = None if folder is None else read_table(folder)['kind']
        if kind not in (None, self.kind):
            raise ValueError(f'{folder}: the folder of a {kind}: {kind.capitalize()}.load takes it')

    # What MMEngine's inferencers ask for

    def _init_model(self, cfg: Config, weights: Optional[Path], device: str) -> nn.Module:
        raise NotImplementedError

    def _init_pipeline(self, cfg: Config) -> Optional[Callable]:
        return getattr(self.model, 'test_pipeline', None)

    def _init_collate(self, cfg: Config) -> Callable:
        return pseudo_collate

    def _init_visualizer(self, cfg: Config) -> None:
        """None: clips are drawn by :func:`mmagenc.visualization.draw_grid`."""

    def _draw(self, clips: Sequence[dict], titles: Sequence[str], up: Optional[str], out_dir: Optional[Place], force: bool) -> Any:
        """A strip ``(H, W, 3)`` of clips, a row of each title, and pictures in a folder where one is named."""
        paths = [] if out_dir is None else [Path(out_dir) / name for name in PICTURES]
        check_outputs([Output('out_dir', path) for path in paths], force=force)
        rows = {}
        for clip, title in zip(clips, titles):
            rows.setdefault(title, []).append(Clip.from_annotation(clip, clip.get('skeleton') or self.skeleton))
        footer = standin_footer('standin' if self.stand_in else '')
        return draw_grid(list(rows.items()), paths, fps=self.fps or USUAL_FPS, camera=dict(up=up), footer=footer)
