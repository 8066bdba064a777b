"""A log that counts steps where epochs are short."""

from mmengine.hooks import LoggerHook

from mmagenc.registry import HOOKS


@HOOKS.register_module()
class StepLoggerHook(LoggerHook):
    """MMEngine's ``LoggerHook``, which takes the same options, with a line every ``interval`` steps however short the epochs are.

    MMEngine's writes two lines for every epoch that is shorter than ``interval``: of a few dozen clips, tens of thousands, among which
    warnings are lost. This one writes at the end of the first epoch, of those in which a multiple of ``interval`` steps falls, and of the
    last one; the experiment's name every ``interval_exp_name`` steps. Longer epochs, and trainings without epochs, are logged as there.
    """

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        length = len(runner.train_dataloader)
        if not runner.log_processor.by_epoch or length >= self.interval:
            super().after_train_iter(runner, batch_idx, data_batch, outputs)
            return
        step = runner.iter + 1
        if self.every_n_train_iters(runner, self.interval_exp_name):
            runner.logger.info(f'Exp name: {runner.experiment_name}')
        if batch_idx + 1 < length:
            return
        if step // self.interval > (step - length) // self.interval or step <= length or runner.epoch + 1 >= runner.max_epochs:
            tag, line = runner.log_processor.get_log_after_iter(runner, batch_idx, 'train')
            runner.logger.info(line)
            runner.visualizer.add_scalars(tag, step=step, file_path=self.json_log_path)
