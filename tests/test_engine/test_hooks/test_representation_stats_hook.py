"""Statistics are taken once, from the whole training set, and not over those of a checkpoint."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from torch import nn

from mmagenc.engine.hooks import RepresentationStatsHook
from mmagenc.models import ACTVAE, KeypointRepresentation


def run(representation, wrapped=lambda dataset: dataset):
    rng = np.random.default_rng(0)
    clips = [dict(keypoint=rng.normal(size=(1, 5, 20, 3)).astype(np.float32)) for _ in range(4)]
    model = nn.Module()
    model.representation = representation
    loader = SimpleNamespace(dataset=wrapped(SimpleNamespace(annotations=lambda: clips)))
    RepresentationStatsHook().before_train(
        SimpleNamespace(model=model, train_dataloader=loader, logger=MMLogger.get_instance('test_stats')))
    return clips


@pytest.mark.parametrize('wrapped', [
    lambda dataset: dataset, lambda dataset: SimpleNamespace(dataset=SimpleNamespace(dataset=dataset)),
    lambda dataset: SimpleNamespace(datasets=[SimpleNamespace(annotations=lambda part=part: dataset.annotations()[part])
                                              for part in (slice(0, 1), slice(1, 4))])], ids=['plain', 'repeated', 'joined'])
def test_statistics_of_all_training_clips(wrapped):
    """Which wrappers of MMEngine may stand around."""
    representation = KeypointRepresentation(skeleton='ucla20', root_center=True)
    clips = run(representation, wrapped)
    frames = np.concatenate([clip['keypoint'][0] for clip in clips])
    frames = frames - frames[:, :1]
    np.testing.assert_allclose(representation.mean.numpy(), frames.mean(0), atol=1e-5)
    np.testing.assert_allclose(representation.std.numpy()[1:], frames.std(0)[1:], rtol=1e-4)


def test_a_set_that_tells_no_clips_is_refused_in_words():
    with pytest.raises(ValueError, match='list does not tell its clips; accepted is a MotionDataset, repeated, balanced or joined'):
        run(KeypointRepresentation(skeleton='ucla20', root_center=True), lambda dataset: SimpleNamespace(dataset=[1]))


def test_a_refusal_names_the_files():
    clips = [dict(frame_dir='a', keypoint=np.zeros((1, 5, 20, 3), np.float32))]
    with pytest.raises(ValueError, match='^mine.npz, more.npz: clip a: all keypoints lie on one place'):
        run(KeypointRepresentation(skeleton='ucla20', root_center=True),
            lambda _: SimpleNamespace(annotations=lambda: clips, ann_files=['mine.npz', 'more.npz']))


def test_statistics_of_a_checkpoint_stay():
    representation = KeypointRepresentation(skeleton='ucla20', root_center=True)
    representation.std.fill_(2.)
    run(representation)
    torch.testing.assert_close(representation.std, torch.full_like(representation.std, 2.))


def test_start_poses_come_with_the_statistics():
    """Fitted after the representation that encodes them; those of a checkpoint stay."""
    clips = [dict(label=i % 2, total_frames=5, frame_dir=str(i), keypoint=np.random.rand(1, 5, 20, 3).astype(np.float32)) for i in range(6)]
    representation = KeypointRepresentation(skeleton='ucla20', normalization='min_max')
    model = ACTVAE(representation=representation, num_classes=2, latent_dim=2)
    runner = SimpleNamespace(model=model, logger=MMLogger.get_instance('test_stats'),
                             train_dataloader=SimpleNamespace(dataset=SimpleNamespace(annotations=lambda: clips)))
    RepresentationStatsHook().before_train(runner)
    assert representation.fitted and model.starts.count.tolist() == [3, 3]
    first = representation.encode(dict(keypoint=torch.from_numpy(clips[0]['keypoint'])))[0, 0].flatten()
    torch.testing.assert_close(model.starts.poses[0, 0], first)
    model.starts.poses.fill_(0.25)
    RepresentationStatsHook().before_train(runner)
    assert (model.starts.poses == 0.25).all()


@pytest.mark.parametrize('learns', [True, False])
def test_pixels_of_several_image_sizes_are_warned_of(learns):
    """By a generator that learns them; what only keeps recordings keeps their images too."""
    rng, model = np.random.default_rng(0), nn.Module()
    model.representation, model.learns = KeypointRepresentation(skeleton='coco17', num_dims=2), learns
    clips = [dict(keypoint=np.float32(rng.uniform(0, 480, (1, 5, 17, 2)) * k), img_shape=(480 * k, 640 * k)) for k in (1, 1, 2)]
    warnings = []
    RepresentationStatsHook().before_train(SimpleNamespace(
        model=model, logger=SimpleNamespace(info=print, warning=warnings.append),
        train_dataloader=SimpleNamespace(dataset=SimpleNamespace(annotations=lambda: clips))))
    assert [text.split(':')[0] for text in warnings] == ['the recordings lie in images of 2 sizes, 640x480 (2), 1280x960 (1)'] * learns


def test_representations_without_statistics_are_left_alone():
    run(nn.Identity())
