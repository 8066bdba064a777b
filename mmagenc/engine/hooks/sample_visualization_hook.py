"""Look at what the generator makes while it trains."""

from pathlib import Path

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmagenc.registry import HOOKS


@HOOKS.register_module()
class SampleVisualizationHook(Hook):
    """Every ``interval`` epochs, draw real, reconstructed and generated clips of every class and hand the picture to the visualizer.

    The picture is also kept as ``<work_dir>/samples/epoch_<n>.png``. Sampling uses its own random generator, so training is the same
    with and without this hook.

    Args:
        interval: epochs between pictures.
        num_samples_per_class: generated clips in each row.

    Raises:
        ValueError: an interval below 1.
    """

    priority = 'LOW'

    def __init__(self, *, interval: int = 100, num_samples_per_class: int = 3) -> None:
        if interval < 1:
            raise ValueError(f'interval must be at least 1, got {interval}')
        self.interval = interval
        self.num_samples_per_class = num_samples_per_class

    @master_only
    def after_train_epoch(self, runner) -> None:
        if not self.every_n_epochs(runner, self.interval):
            return
        from mmagenc.visualization import visualize_generator
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        image = visualize_generator(
            model, runner.train_dataloader.dataset, Path(runner.work_dir) / 'samples' / f'epoch_{runner.epoch + 1}.png',
            num_samples_per_class=self.num_samples_per_class)
        runner.visualizer.add_image('samples', image, step=runner.epoch + 1)
