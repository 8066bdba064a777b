"""Train the first epochs on other samples than the rest: shorter clips, say, at a fraction of the cost."""

from typing import Any, Dict, Iterator, List, Sequence, Tuple

from mmengine.dataset import Compose
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop

from mmagenc.command_line import describe
from mmagenc.draws import untouched_random_state
from mmagenc.engine.contract import ContractError
from mmagenc.registry import HOOKS


@HOOKS.register_module()
class SwitchPipelineHook(Hook):
    """After some epochs, send the training set through another pipeline.

    Before the first epoch one clip goes through both pipelines; what the later one cannot take, or makes of another form, is refused then.
    A resumed training has the pipeline of the epoch that it goes on with. Workers that outlive an epoch are started anew at the switch.

    Args:
        switch_epoch: epochs before the switch: the log's epoch ``switch_epoch + 1`` is the first with the new pipeline.
        pipeline: transforms that replace those of ``train_dataloader.dataset``; of wrapped or joined datasets, those of every one inside.

    Raises:
        ContractError: a number that is no epoch of the training's, training by iterations, a dataset without a pipeline, a pipeline that
            fails or whose samples differ from the first one's in more than one axis (the frames).
    """

    def __init__(self, *, switch_epoch: int, pipeline: Sequence[Dict]) -> None:
        if isinstance(switch_epoch, bool) or not isinstance(switch_epoch, int) or switch_epoch < 1:
            raise ContractError(f'SwitchPipelineHook: switch_epoch must be a whole number from 1, got {switch_epoch!r}')
        if not isinstance(pipeline, (list, tuple)) or not pipeline:
            raise ContractError(f'SwitchPipelineHook: pipeline must be a list of transforms, got {pipeline!r}')
        self.switch_epoch, self.pipeline = switch_epoch, list(pipeline)
        self.switched = False

    def before_train(self, runner) -> None:
        loop = runner.train_loop
        if not isinstance(loop, EpochBasedTrainLoop):
            raise ContractError('SwitchPipelineHook counts epochs, but train_cfg trains by iterations: set train_cfg.by_epoch=True')
        if self.switch_epoch >= loop.max_epochs:
            raise ContractError(f'SwitchPipelineHook: switch_epoch={self.switch_epoch} is never reached in train_cfg.max_epochs='
                                f'{loop.max_epochs} epochs')
        self._check(runner.train_dataloader.dataset)

    def before_train_epoch(self, runner) -> None:
        if self.switched or runner.epoch < self.switch_epoch:
            return
        loader = runner.train_dataloader
        for holder in pipeline_holders(loader.dataset):
            holder.pipeline = Compose(self.pipeline)
        loader._iterator = None  # ends persistent workers, whose copies of the dataset have the old pipeline still
        self.switched = True
        steps = ', '.join(type(step).__name__ for step in holder.pipeline.transforms)
        runner.logger.info(f'epoch {runner.epoch + 1}: from here on the training set goes through the pipeline of SwitchPipelineHook '
                           f'({steps})')

    def _check(self, dataset: Any) -> None:
        """One clip of each dataset through its pipeline and the later one; states of draws stay as they are."""
        for holder in pipeline_holders(dataset):
            if not len(holder):
                continue
            with untouched_random_state():
                now = holder[0]
                usual, holder.pipeline = holder.pipeline, Compose(self.pipeline)
                try:
                    later = holder[0]
                except Exception as error:
                    raise ContractError('SwitchPipelineHook: a clip of the training set does not go through its pipeline: '
                                        f'{describe(error)}') from error
                finally:
                    holder.pipeline = usual
            forms = [_form(sample) for sample in (now, later)]
            if not _alike(*forms):
                raise ContractError(f'SwitchPipelineHook: its pipeline gives {_in_words(forms[1])}, that of train_dataloader.dataset '
                                    f'{_in_words(forms[0])}: they may differ in one axis, the frames')


def pipeline_holders(dataset: Any) -> Iterator[Any]:
    """The datasets with pipelines of their own inside wrappers (attributes ``dataset``, ``datasets``), however deep.

    Raises:
        ContractError: one that has no pipeline.
    """
    if hasattr(dataset, 'datasets'):
        for part in dataset.datasets:
            yield from pipeline_holders(part)
    elif hasattr(dataset, 'pipeline'):
        yield dataset
    elif hasattr(dataset, 'dataset'):
        yield from pipeline_holders(dataset.dataset)
    else:
        raise ContractError(f'SwitchPipelineHook: train_dataloader.dataset has no pipeline to be replaced ({type(dataset).__name__})')


def _form(sample: Any) -> Dict[str, Tuple[int, ...]]:
    """Shapes of a sample's tensors by key; what has none is there by key only."""
    return {key: tuple(getattr(value, 'shape', ())) for key, value in sample.items()}


def _alike(first: Dict, second: Dict) -> bool:
    if first.keys() != second.keys():
        return False
    pairs = [(first[key], second[key]) for key in first]
    return all(len(one) == len(other) and sum(a != b for a, b in zip(one, other)) <= 1 for one, other in pairs)


def _in_words(form: Dict[str, Tuple[int, ...]]) -> str:
    parts: List[str] = [f'{key} {shape}' if shape else key for key, shape in form.items()]
    return ', '.join(parts)
