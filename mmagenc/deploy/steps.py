"""A test pipeline as a list of steps that :mod:`~mmagenc.deploy.standalone` takes with numpy alone.

A step is a dict of plain values: ``step``, its name there, and its settings. What a transform knows of a layout (bones, middles, modes) is
written out, so that whoever takes the steps needs no layouts.
"""

from functools import singledispatch
from typing import Callable, Dict, List, Optional

import mmaction.datasets.transforms as mmaction_transforms
from mmaction.datasets.transforms import pose_transforms
from mmcv.transforms import KeyMapper

from mmagenc.datasets import transforms
from mmagenc.datasets.transforms.augmenting import Augmentation
from mmagenc.models.representations import RotationRepresentation
from mmagenc.skeletons import get_skeleton, joint_map, longest_chain

Steps = List[Dict]


class StepError(ValueError):
    """A pipeline that cannot be written as steps."""


class State:
    """What is known of a clip between two transforms.

    Args:
        skeleton: name of its layout, or ``None``.
    """

    def __init__(self, skeleton: Optional[str]) -> None:
        self.skeleton, self.sampled = skeleton, False

    def layout(self, transform):
        """The layout, for a transform that needs to know it."""
        if self.skeleton is None:
            raise StepError(f'{type(transform).__name__} needs to know the layout of the keypoints, which neither config nor checkpoint '
                            'name: say it with --skeleton')
        return get_skeleton(self.skeleton)


def pipeline_steps(pipeline: Callable, skeleton: Optional[str]) -> Steps:
    """Steps that do what a test pipeline does.

    Args:
        pipeline: of :func:`~mmagenc.models.recognizers.build_pipeline`, ending in ``PackActionInputs``.
        skeleton: name of the clips' layout, or ``None``.

    Raises:
        StepError: a transform that is not known here, or one that needs the layout.
    """
    state, steps = State(skeleton), []
    for transform in getattr(pipeline, 'transforms', [pipeline]):
        steps += steps_of(transform, state)
    if not steps or steps[-1]['step'] != 'inputs_of_persons':
        raise StepError('the test pipeline does not end in FormatGCNInput and PackActionInputs, the form that graph networks read')
    return steps


@singledispatch
def steps_of(transform, state: State) -> Steps:
    """Steps of one transform."""
    raise StepError(f'the test pipeline has {type(transform).__name__}, of which no step for numpy is known: export with --raw, and do to '
                    'clips what it does')


def _step(name: str, **settings) -> Steps:
    return [dict(step=name, **settings)]


@steps_of.register(Augmentation)
@steps_of.register(transforms.RandomRotation)
@steps_of.register(transforms.RandomViewRotate)
@steps_of.register(mmaction_transforms.PackActionInputs)
def _nothing(transform, state: State) -> Steps:
    """What leaves test clips as they are, or only packs them."""
    return []


@steps_of.register
def _(transform: transforms.PoseToRot6d, state: State) -> Steps:
    state.skeleton = 'smpl24' if transform.root else None
    return _step('rot6d', root=transform.root)


@steps_of.register
def _(transform: transforms.RootCenter, state: State) -> Steps:
    return _step('center', joint=transform.joint, per_frame=transform.per_frame)


@steps_of.register
def _(transform: transforms.MapJoints, state: State) -> Steps:
    indices = joint_map(state.layout(transform).name, transform.target)
    state.skeleton = transform.target
    return _step('take_keypoints', indices=[int(index) for index in indices])


@steps_of.register
def _(transform: transforms.DropScores, state: State) -> Steps:
    return _step('drop_scores')


@steps_of.register
def _(transform: transforms.BodyUnit, state: State) -> Steps:
    layout = state.layout(transform)
    return _step('body_unit', bones=body_bones(layout), place=[int(joint) for joint in layout.middle], per_frame=transform.per_frame)


def body_bones(layout) -> List[List[int]]:
    """``[joint, parent]`` of each bone that a body is measured by."""
    return [[int(joint), int(layout.parents[joint])] for joint in longest_chain(tuple(layout.parents))]


def encoding_steps(representation) -> Steps:
    """What a generator's representation does to a clip before the network sees it."""
    if isinstance(representation, RotationRepresentation):
        return [*_step('rot6d', root=True), *(_step('path_of_one_place') if representation.translation else [])]
    return _step('normalize', bones=body_bones(representation.skeleton) if representation.unit == 'body' else None,
                 center=[int(joint) for joint in representation.center_joints], root_center=representation.root_center,
                 translation=representation.translation, mean=representation.mean.tolist(), std=representation.std.tolist(),
                 clip_to_one=representation.quantile < 1)


@steps_of.register
def _(transform: transforms.KthMode, state: State) -> Steps:
    name = None if transform.fixed is not None else state.layout(transform).name
    return _step('matrix', matrix=transform.matrix(name).tolist())


@steps_of.register
def _(transform: transforms.MotionStream, state: State) -> Steps:
    return _step('differences', source='keypoint', target='keypoint', scored=False)


@steps_of.register
def _(transform: transforms.ConsecutiveSample, state: State) -> Steps:
    return _step('window', num_frames=transform.num_frames, every=transform.step, padding=transform.padding)


@steps_of.register
def _(transform: transforms.SortedSample, state: State) -> Steps:
    return _step('even_frames', num_frames=transform.num_frames)


@steps_of.register
def _(transform: transforms.RandomCropResize, state: State) -> Steps:
    return _step('crop_resize', num_frames=transform.num_frames, share=transform.test_ratio)


@steps_of.register
def _(transform: transforms.MinMaxScale, state: State) -> Steps:
    return _step('min_max', per_axis=transform.per_axis)


# MMAction2's


@steps_of.register
def _(transform: pose_transforms.PreNormalize2D, state: State) -> Steps:
    return _step('image_scale', img_shape=[int(size) for size in transform.img_shape])


@steps_of.register
def _(transform: pose_transforms.PreNormalize3D, state: State) -> Steps:
    return _step('turn_upright', zaxis=list(transform.zaxis), xaxis=list(transform.xaxis), align_spine=transform.align_spine,
                 align_shoulder=transform.align_shoulder)


@steps_of.register
def _(transform: pose_transforms.GenSkeFeat, state: State) -> Steps:
    return [*_step('scores_to_channel'), *(step for part in transform.ops.transforms for step in steps_of(part, state))]


@steps_of.register
def _(transform: pose_transforms.JointToBone, state: State) -> Steps:
    pairs = [[int(end), int(start)] for end, start in transform.pairs]
    return _step('bones', pairs=pairs, scored=transform.dataset != 'nturgb+d', target=transform.target)


@steps_of.register
def _(transform: pose_transforms.ToMotion, state: State) -> Steps:
    return _step('differences', source=transform.source, target=transform.target, scored=transform.dataset != 'nturgb+d')


@steps_of.register
def _(transform: KeyMapper, state: State) -> Steps:
    if transform.mapping or list(transform.transforms):
        raise StepError('the test pipeline has a KeyMapper of its own: export with --raw, and do to clips what it does')
    return _step('rename', names={new: old for old, new in transform.remapping.items()})


@steps_of.register
def _(transform: pose_transforms.MergeSkeFeat, state: State) -> Steps:
    return _step('merge', sources=list(transform.feat_list), target=transform.target, axis=transform.axis)


@steps_of.register
def _(transform: pose_transforms.UniformSampleFrames, state: State) -> Steps:
    if type(transform) is not pose_transforms.UniformSampleFrames or not transform.test_mode:
        raise StepError(f'{type(transform).__name__} draws frames at random: set test_mode=True in the test pipeline')
    state.sampled = True
    return _step('uniform_frames', num_frames=transform.clip_len, num_clips=transform.num_clips, seed=transform.seed)


@steps_of.register
def _(transform: pose_transforms.PoseDecode, state: State) -> Steps:
    return []  # takes the frames that were drawn: the step that draws them has taken them


@steps_of.register
def _(transform: pose_transforms.PadTo, state: State) -> Steps:
    return _step('pad_to', length=transform.length, mode=transform.mode)


@steps_of.register
def _(transform: mmaction_transforms.FormatGCNInput, state: State) -> Steps:
    return _step('inputs_of_persons', num_person=transform.num_person, mode=transform.mode)
