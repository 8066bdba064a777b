"""Look at what the generator makes while it trains."""

from pathlib import Path
from typing import Dict, Optional, Sequence

import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmagenc.datasets.annotation import motion_to_annotations, save_annotation
from mmagenc.engine.averages import averaged_weights
from mmagenc.registry import HOOKS


@HOOKS.register_module()
class SampleVisualizationHook(Hook):
    """Every ``interval`` epochs (or iterations), draw and keep generated clips of every class.

    The picture, beside real and reconstructed clips, goes to the visualizer as ``samples`` (so it is seen in TensorBoard or wherever its
    backends write) and to ``<work_dir>/samples/epoch_<n>.png`` (``iter_<n>.png``). Clips go to ``epoch_<n>.npz`` there, an annotation
    file with their latents: one of each class in class order, then again, so that of K classes the clips of class c are c, c + K,
    c + 2K, … They have the same noise each time. Sampling uses its own random generator, so training is the same with and without this
    hook.

    Args:
        interval: epochs (iterations) between pictures.
        num_samples_per_class: generated clips in each row of the picture.
        num_saved_per_class: generated clips of each class that are kept, 0 for none.
        by_epoch: count epochs; else iterations.

    Raises:
        ValueError: an interval below 1, or a negative number of clips.
    """

    priority = 'LOW'

    def __init__(self, *, interval: int = 100, num_samples_per_class: int = 3, num_saved_per_class: int = 10,
                 by_epoch: bool = True) -> None:
        if interval < 1:
            raise ValueError(f'interval must be at least 1, got {interval}')
        if num_samples_per_class < 0 or num_saved_per_class < 0:
            raise ValueError(f'numbers of clips must be at least 0, got {num_samples_per_class} drawn and {num_saved_per_class} saved')
        self.interval, self.by_epoch = interval, by_epoch
        self.num_samples_per_class, self.num_saved_per_class = num_samples_per_class, num_saved_per_class

    def after_train_epoch(self, runner) -> None:
        if self.by_epoch and self.every_n_epochs(runner, self.interval):
            self._show(runner, f'epoch_{runner.epoch + 1}', runner.epoch + 1)

    def after_train_iter(self, runner, batch_idx: int, data_batch: Optional[Dict] = None, outputs: Optional[Sequence] = None) -> None:
        if not self.by_epoch and self.every_n_train_iters(runner, self.interval):
            self._show(runner, f'iter_{runner.iter + 1}', runner.iter + 1)

    @master_only
    def _show(self, runner, name: str, step: int) -> None:
        with averaged_weights(runner):
            self._draw_and_save(runner, name, step)

    def _draw_and_save(self, runner, name: str, step: int) -> None:
        from mmagenc.visualization import visualize_generator
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        dataset, path = runner.train_dataloader.dataset, Path(runner.work_dir) / 'samples' / name
        image = visualize_generator(model, dataset, path.with_suffix('.png'), num_samples_per_class=self.num_samples_per_class)
        runner.visualizer.add_image('samples', image, step=step)
        if self.num_saved_per_class:
            metainfo = dict(getattr(dataset, 'metainfo', {}), source='synthetic')
            if metainfo.get('fps'):
                metainfo['fps'] /= getattr(model, 'gap', 1)
            save_annotation(sample_annotation(model, self.num_saved_per_class, metainfo=metainfo, prefix=name), path.with_suffix('.npz'))


def sample_annotation(model, num_per_class: int, *, metainfo: Optional[Dict] = None, prefix: str = 'sample', seed: int = 0) -> Dict:
    """An annotation of generated clips with their latents: one of each class in class order, ``num_per_class`` times.

    Args:
        model: a generator; its mode and the global random state stay.
        num_per_class: clips of each class.
        metainfo: classes, frame rate and whatever else is known.
        prefix: of the clips' names.
        seed: of the noise.
    """
    with torch.random.fork_rng(devices=[]):
        motion = model.generate(torch.arange(model.num_classes).repeat(num_per_class), generator=torch.Generator().manual_seed(seed))
    clips = motion_to_annotations(motion, prefix=prefix, with_latent=True)
    metainfo = dict(metainfo or {}, skeleton=model.representation.keypoint_skeleton)
    return dict(split=dict(train=[clip['frame_dir'] for clip in clips]), metainfo=metainfo, annotations=clips)
