"""Scores against the recognizer's own prediction, and pooled features against the input of its classification layer."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmagenc.models.recognizers import build_pipeline, pool_feature, prepare, score_annotations
from mmagenc.registry import MODELS
from mmagenc.skeletons import get_skeleton

PIPELINE = [dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]


def small_recognizer(num_classes=3, in_channels=3, skeleton='ucla20'):
    init_default_scope('mmagenc')
    model = MODELS.build(
        dict(
            type='RecognizerGCN',
            _scope_='mmaction',
            backbone=dict(
                type='STGCN',
                in_channels=in_channels,
                base_channels=8,
                num_stages=3,
                inflate_stages=[3],
                down_stages=[3],
                graph_cfg=get_skeleton(skeleton).graph_cfg()),
            cls_head=dict(type='GCNHead', num_classes=num_classes, in_channels=16)))
    model.init_weights()
    return model


def clips(count=5, num_frames=12, num_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return [
        dict(
            frame_dir=f'clip{i}',
            label=i % num_classes,
            total_frames=num_frames,
            keypoint=(rng.normal(size=(1, num_frames, 20, 3)) + i % num_classes).astype(np.float32)) for i in range(count)
    ]


def test_probability_equals_the_recognizers_own_prediction():
    model, annotations = small_recognizer().eval(), clips()
    result = score_annotations(model, PIPELINE, annotations, batch_size=2)
    from mmengine.dataset import Compose, pseudo_collate
    samples = pseudo_collate([Compose(PIPELINE)(prepare(annotation)) for annotation in annotations])
    with torch.no_grad():
        expected = torch.stack([sample.pred_score for sample in model.test_step(samples)])
    np.testing.assert_allclose(result.probability, expected.numpy(), atol=1e-6)
    assert result.label.tolist() == [0, 1, 2, 0, 1]


def test_clips_without_a_label_are_scored():
    model, annotations = small_recognizer(), clips()
    expected = score_annotations(model, PIPELINE, annotations)
    del annotations[0]['label']
    annotations[1]['label'], annotations[2]['label'] = None, -1
    result = score_annotations(model, PIPELINE, annotations)
    np.testing.assert_array_equal(result.probability, expected.probability)
    assert result.label.tolist() == [-1, -1, -1, 0, 1] and 'label' not in annotations[0]
    assert result.accuracy == expected[3:].accuracy and np.isnan(result[:3].accuracy)


def test_scores_that_are_no_numbers_are_no_scores():
    model, annotations = small_recognizer(), clips()
    annotations[3]['keypoint'] = np.full_like(annotations[3]['keypoint'], 1e38)
    with pytest.raises(ValueError, match='no numbers for 1 of 5 clips, such as clip3: its weights, or what its pipeline makes'):
        score_annotations(model, PIPELINE, annotations)


def test_a_clip_without_persons_is_refused():
    annotations = clips()
    annotations[3]['keypoint'] = annotations[3]['keypoint'][0]
    with pytest.raises(ValueError, match=r'clip 3 \(clip3\): keypoint must be an array of numbers of 4 axes, got \(12, 20, 3\)'):
        score_annotations(small_recognizer(), PIPELINE, annotations)


def test_feature_is_the_input_of_the_last_layer():
    model = small_recognizer()
    result = score_annotations(model, PIPELINE, clips())
    logits = torch.from_numpy(result.feature) @ model.cls_head.fc.weight.T + model.cls_head.fc.bias
    np.testing.assert_allclose(logits.softmax(1).detach().numpy(), result.probability, atol=1e-6)


@pytest.mark.parametrize('batch_size', [1, 4, 64])
def test_batch_size_does_not_matter_nor_mode(batch_size):
    model = small_recognizer().train()
    whole = score_annotations(model, PIPELINE, clips(5), batch_size=5)
    parts = score_annotations(model, PIPELINE, clips(5), batch_size=batch_size)
    np.testing.assert_allclose(parts.feature, whole.feature, atol=1e-6)
    assert model.training


def test_clips_of_other_lengths_in_the_batch_do_not_matter():
    model, annotations = small_recognizer(), clips(3) + clips(3, num_frames=20, seed=1)
    together = score_annotations(model, PIPELINE, annotations[::2] + annotations[1::2])
    alone = [score_annotations(model, PIPELINE, [annotation]) for annotation in annotations[::2] + annotations[1::2]]
    np.testing.assert_allclose(together.feature, np.concatenate([score.feature for score in alone]), atol=1e-6)


def test_agrees_with_published_recognizer(reference_root):
    from mmagenc.models.recognizers import score_annotations as score
    reference = np.load(reference_root / 'infagenc_stgcn.npz')
    init_default_scope('mmagenc')
    model = MODELS.build(
        dict(
            type='RecognizerGCN',
            _scope_='mmaction',
            backbone=dict(type='STGCN', in_channels=6, graph_cfg=get_skeleton('smpl24').graph_cfg()),
            cls_head=dict(type='GCNHead', num_classes=5, in_channels=256)))
    state = {}
    names = [('gcn.conv', 'gcn.conv'), ('tcn.0', 'gcn.bn'), ('tcn.2', 'tcn.conv'), ('tcn.3', 'tcn.bn'), ('residual.0', 'residual.conv'),
             ('residual.1', 'residual.bn')]
    for key in reference.files:
        if not key.startswith('sd/'):
            continue
        name = key[3:]
        if name.startswith('st_gcn_networks.'):
            _, block, rest = name.split('.', 2)
            old, new = next(pair for pair in names if rest.startswith(pair[0] + '.'))
            name = f'backbone.gcn.{block}.{new}{rest[len(old):]}'
        elif name.startswith('edge_importance.'):
            name = f'backbone.gcn.{name.split(".")[1]}.gcn.PA'
        elif name.startswith('data_bn.'):
            name = f'backbone.{name}'
        elif name.startswith('fcn.'):
            name = f'cls_head.fc.{name[4:]}'
        value = torch.as_tensor(reference[key])
        value = value.float() if value.is_floating_point() else value
        state[name] = value.flatten(2).squeeze(-1) if name == 'cls_head.fc.weight' else value
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and all(name.endswith('.A') for name in missing)
    annotations = [
        dict(frame_dir=str(i), label=0, total_frames=60, keypoint=x.transpose(2, 0, 1)[None]) for i, x in enumerate(reference['x'])
    ]
    result = score(model, PIPELINE, annotations)
    np.testing.assert_allclose(result.feature, reference['features'], atol=1e-4)
    np.testing.assert_allclose(result.probability, torch.from_numpy(reference['logits']).softmax(1).numpy(), atol=1e-4)


def test_pool_feature_of_every_layout():
    feature = torch.arange(2 * 1 * 3 * 4 * 5.).view(2, 1, 3, 4, 5)
    torch.testing.assert_close(pool_feature(feature, person_axis=True), feature.mean(dim=(1, 3, 4)))
    torch.testing.assert_close(pool_feature(feature[:, 0], person_axis=False), feature[:, 0].mean(dim=(2, 3)))
    torch.testing.assert_close(pool_feature(feature[:, 0, :, 0, 0], person_axis=False), feature[:, 0, :, 0, 0])


def test_no_clips_is_an_error():
    with pytest.raises(ValueError, match='no clips'):
        score_annotations(small_recognizer(), PIPELINE, [])


def test_clips_that_a_pipeline_does_not_take_are_all_named():
    """Not the first alone; of a single one the error stays as it is."""
    annotations = clips()

    def refuse(*names):
        def step(results):
            if results['frame_dir'] in names:
                raise ValueError(f'clip {results["frame_dir"]}: too short')
            return build_pipeline(PIPELINE)(results)
        return step
    with pytest.raises(ValueError, match='^2 of 5 clips cannot be scored\n  clip clip1: too short\n  clip clip3: too short$'):
        score_annotations(small_recognizer(), refuse('clip1', 'clip3'), annotations, batch_size=2)
    with pytest.raises(ValueError, match='^clip clip3: too short$'):
        score_annotations(small_recognizer(), refuse('clip3'), annotations, batch_size=2)
