"""Fits and scores an MMAction2 recognizer beside a generator, and owns its optimizer."""

from typing import Callable, Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.runner.checkpoint import load_checkpoint
from torch import nn

from mmagenc.draws import seed_draws, untouched_random_state
from mmagenc.engine.accumulation import count_anew
from mmagenc.engine.finite import LossLedger
from mmagenc.engine.pretrained import Beginning, checked_init, init_from
from mmagenc.models.recognizers import Pipeline, RecognizerScores, build_pipeline, prepare, score_annotations
from mmagenc.registry import MODELS, TASK_UTILS
from mmagenc.structures import ClipForm


class BestWeights:
    """A model's weights as they were when it did best.

    Args:
        model: the model.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model, self.value, self.weights = model, float('-inf'), None

    def offer(self, value: float) -> None:
        """Keep the weights as they are now if ``value`` is larger than all before."""
        if value > self.value:
            self.value, self.weights = value, {key: tensor.clone() for key, tensor in self.model.state_dict().items()}

    def restore(self) -> None:
        """Put back what was kept, if anything was."""
        if self.weights is not None:
            self.model.load_state_dict(self.weights)


@TASK_UTILS.register_module()
class RecognizerTrainer:
    """A recognizer, its pipelines and its optimizer; annotation dicts in, scores out.

    Args:
        model: config of any MMAction2 recognizer (or a built one).
        train_pipeline: transforms of a training clip, ending in ``PackActionInputs``.
        test_pipeline: transforms of a clip to be scored.
        optim_wrapper: config of the optimizer, created once (published: AdamW, learning rate 1e-4, constant).
        batch_size: most clips of a training step.
        score_batch_size: clips a forward pass when scoring.
        checkpoint: weights to start from (as ``load_from``); ``None`` starts from the model's own initial values.
        init: ``dict(checkpoint=…)``: begin with a recognizer of other classes, and learn these (see :meth:`begin_with`); with the arguments
            of :func:`~mmagenc.engine.pretrained.init_from`.

    Clips that lack the scores or the image shape of the recordings get those that are usual there (``form``, taken from the clips of the
    first :meth:`fit` unless it has been set), so that all clips come to the recognizer in one form.

    Raises:
        ValueError: a batch size below 1, both ``checkpoint`` and ``init``, or what :func:`~mmagenc.engine.pretrained.init_from` refuses.
    """

    def __init__(self,
                 *,
                 model: Dict,
                 train_pipeline: Pipeline,
                 test_pipeline: Pipeline,
                 optim_wrapper: Optional[Dict] = None,
                 batch_size: int = 16,
                 score_batch_size: int = 64,
                 checkpoint: Optional[str] = None,
                 init: Optional[Dict] = None) -> None:
        if min(batch_size, score_batch_size) < 1:
            raise ValueError(f'batch sizes must be at least 1, got batch_size={batch_size}, score_batch_size={score_batch_size}')
        init = checked_init(init, checkpoint)
        self.model = model if isinstance(model, nn.Module) else MODELS.build(model)
        self.checkpoint = checkpoint
        if checkpoint is not None:
            load_checkpoint(self.model, checkpoint, map_location='cpu', strict=True)
        elif hasattr(self.model, 'init_weights'):
            self.model.init_weights()
        self.beginning = None if init is None else self.begin_with(**init)
        self.train_pipeline = build_pipeline(train_pipeline)
        self.test_pipeline = build_pipeline(test_pipeline)
        optim_wrapper = optim_wrapper or dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4, fused=True))
        self.optim_wrapper = build_optim_wrapper(self.model, optim_wrapper)
        self.batch_size = batch_size
        self.score_batch_size = score_batch_size
        self.form: Optional[ClipForm] = None
        self.passes = 0

    def begin_with(self, checkpoint: str, **known) -> Beginning:
        """Take a checkpoint's weights, all but what tells the classes apart; ``known`` as :func:`~mmagenc.engine.pretrained.init_from`.

        Other than a ``checkpoint`` of the constructor, which knows these classes, it has to be trained on them first.
        """
        self.beginning = init_from(self.model, checkpoint, **known)
        return self.beginning

    def to(self, device) -> 'RecognizerTrainer':
        """Move the model and the optimizer's state."""
        self.model.to(device)
        self.optim_wrapper.load_state_dict(self.optim_wrapper.state_dict())  # casts its tensors to where the parameters are
        return self

    def fit(self,
            annotations: List[Dict],
            epochs: int,
            *,
            max_steps: Optional[int] = None,
            seed: Optional[int] = None,
            best_on: Optional[List[Dict]] = None,
            progress: Optional[Callable[[int, float], None]] = None) -> List[float]:
        """Train for a number of passes over the clips, in a new random order each, in batches that differ by one clip at most.

        The order, and the windows and whatever else the pipeline draws of a clip, depend on the seed, the number of passes that the
        recognizer has had, and the clip's index; the global random states only serve what the model draws.

        Args:
            annotations: labelled clips.
            epochs: passes; 0 does nothing.
            max_steps: batches after which training ends, within a pass if need be.
            seed: of order and windows; ``None`` draws one from PyTorch's global state.
            best_on: end with the weights of that pass (the first of several) which names most of these clips rightly; ``None`` ends with
                those of the last.
            progress: called after each epoch with its number (from 1) and mean loss.

        Returns:
            list: mean loss of each epoch.

        Raises:
            ValueError: no clips.
            NonFiniteLossError: a loss is NaN or infinite; found within 16 steps, and before the pass ends.
        """
        if not annotations:
            raise ValueError('there are no clips to train the recognizer on')
        if self.form is None:
            self.form = ClipForm.of(annotations)
        best = BestWeights(self.model)
        seed = int(torch.randint(2**62, ())) if seed is None else seed
        history, steps_left = [], epochs * len(annotations) if max_steps is None else max_steps
        count_anew(self.optim_wrapper, min(epochs * self._batches_a_pass(len(annotations)), steps_left))
        for epoch in range(1, epochs + 1):
            batches = self._batches(len(annotations), seed)[:steps_left]
            if not batches:
                break
            self.model.train()
            ledger = LossLedger('the recognizer beside the generator')
            for batch in batches:
                clips = [(annotations[i], (seed, self.passes, i)) for i in batch.tolist()]
                ledger.add(self._step(clips), [annotation['frame_dir'] for annotation, _ in clips])
            losses = ledger.losses()
            self.passes += 1
            steps_left -= len(losses)
            history.append(sum(losses) / len(losses))
            if progress is not None:
                progress(epoch, history[-1])
            if best_on is not None:
                best.offer(self.score(best_on).accuracy)
        best.restore()
        return history

    def forget_optimizer(self) -> None:
        """Drop what the optimizer has gathered (AdamW's moments): it goes on as a new one."""
        self.optim_wrapper.optimizer.state.clear()

    def _batches(self, count: int, seed: int) -> List[torch.Tensor]:
        """Indices of the next pass's batches."""
        with untouched_random_state():
            seed_draws(seed, self.passes)
            return list(torch.randperm(count).tensor_split(self._batches_a_pass(count)))

    def _batches_a_pass(self, count: int) -> int:
        return -(-count // self.batch_size)

    def _step(self, batch: Sequence[Tuple[Dict, Tuple[int, ...]]]) -> Dict[str, torch.Tensor]:
        """One optimizer step on clips, each with the key of its draws; gives its losses, unlooked at (a look waits for the device)."""
        samples = []
        with untouched_random_state():
            for annotation, key in batch:
                seed_draws(*key)
                samples.append(self.train_pipeline(prepare(annotation, test_mode=False, form=self.form)))
        return self.model.train_step(pseudo_collate(samples), self.optim_wrapper)

    def score(self, annotations: List[Dict]) -> RecognizerScores:
        """Scores and features of the clips, in evaluation mode."""
        return score_annotations(self.model, self.test_pipeline, annotations, batch_size=self.score_batch_size, form=self.form)

    def state_dict(self) -> Dict:
        """Weights, optimizer state, passes and the clips' form, for the one checkpoint."""
        form = None if self.form is None else self.form.state_dict()
        return dict(state_dict=self.model.state_dict(), optimizer=self.optim_wrapper.state_dict(), form=form, passes=self.passes)

    def load_state_dict(self, state: Dict, *, optimizer: bool = True) -> None:
        """Restore :meth:`state_dict`; ``optimizer=False`` takes the weights only."""
        self.model.load_state_dict(state['state_dict'])
        if state.get('form') is not None:
            self.form = ClipForm.from_state(state['form'])
        if optimizer:
            self.optim_wrapper.load_state_dict(state['optimizer'])
            self.passes = state.get('passes', 0)
