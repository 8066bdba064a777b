"""A model of other classes begins with all of a checkpoint but what tells classes apart, or with nothing of it."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from mmagenc.engine.pretrained import RECORD, checked_init, init_from
from mmagenc.registry import MODELS
from tests.test_models.test_recognizers.test_scoring import small_recognizer

BASE = dict(classes=['walk', 'run', 'wave', 'sit', 'turn'], skeleton='ucla20', fps=30.)
OURS = dict(classes=['low', 'high', 'far'], skeleton='ucla20', fps=20.)


def written(path, model, metainfo=BASE, **content):
    """A checkpoint as MMEngine's runner writes it, with weights that no new model has."""
    with torch.no_grad():
        for value in model.state_dict().values():
            value += 1 if value.is_floating_point() and value.ndim != 3 else 0  # not the graph
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=metainfo), **content), path)
    return model.state_dict()


def infogcn(num_classes, latent_dim=12):
    init_default_scope('mmagenc')
    return MODELS.build(
        dict(
            type='RecognizerGCN',
            _scope_='mmaction',
            backbone=dict(type='mmagenc.InfoGCN', skeleton='ucla20', num_person=1, base_channels=8),
            cls_head=dict(type='mmagenc.InfoGCNHead', num_classes=num_classes, in_channels=32, latent_dim=latent_dim)))


def changed(before, model):
    after = model.state_dict()
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


def kept(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def test_the_backbone_is_taken_bit_for_bit_and_the_classifier_is_new(tmp_path):
    theirs = written(tmp_path / 'base.pth', small_recognizer(5))
    model = small_recognizer(3)
    before = kept(model)
    beginning = init_from(model, tmp_path / 'base.pth', metainfo=OURS)
    after = model.state_dict()
    backbone = [name for name in after if name.startswith('backbone.')]
    assert backbone and all(torch.equal(after[name], theirs[name]) for name in backbone)
    assert all(torch.equal(after[name], before[name]) for name in ('cls_head.fc.weight', 'cls_head.fc.bias'))
    assert str(beginning) == (f'begins with {tmp_path / "base.pth"}: {len(backbone)} weights of backbone; cls_head.fc anew, as its 5 '
                              'classes are others than these 3. Mind the frame rate: 30.0 there, 20.0 here')


@pytest.mark.parametrize('classes, same', [(BASE['classes'], True), (BASE['classes'][::-1], False), (None, False)])
def test_as_many_classes_are_not_the_same_classes(tmp_path, classes, same):
    written(tmp_path / 'base.pth', small_recognizer(5))
    model = small_recognizer(5)
    before = kept(model)
    beginning = init_from(model, tmp_path / 'base.pth', metainfo=dict(OURS, classes=classes))
    assert ('cls_head.fc.weight' in changed(before, model)) == same
    assert ('all there are' in str(beginning)) == same


def test_of_infogcn_the_latent_is_taken_and_its_prior_is_not(tmp_path):
    theirs = written(tmp_path / 'base.pth', infogcn(5))
    model = infogcn(3)
    before = kept(model)
    init_from(model, tmp_path / 'base.pth', metainfo=OURS)
    new = {'cls_head.decoder.weight', 'cls_head.decoder.bias', 'cls_head.z_prior'}
    after = model.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in new)
    assert all(torch.equal(after[name], theirs[name]) for name in after if name not in new)


def test_a_head_of_another_kind_or_size_begins_anew_as_a_whole(tmp_path):
    written(tmp_path / 'base.pth', infogcn(5, latent_dim=8))
    model = infogcn(3)
    before = kept(model)
    beginning = init_from(model, tmp_path / 'base.pth', metainfo=OURS)
    assert not any(name.startswith('cls_head') for name in changed(before, model))
    assert 'cls_head.fc, cls_head.fc_mu' in str(beginning)


def refused(tmp_path, model, match, **known):
    before = kept(model)
    with pytest.raises(ValueError, match=match):
        init_from(model, tmp_path / 'base.pth', **dict(dict(metainfo=OURS), **known))
    assert not changed(before, model), 'nothing may be taken of what is refused'


def test_less_than_the_whole_backbone_is_refused_by_name(tmp_path):
    model = small_recognizer(5)
    weights = {name: value for name, value in model.state_dict().items() if not name.startswith('backbone.gcn.2.tcn')}
    torch.save(dict(state_dict=weights), tmp_path / 'base.pth')
    refused(tmp_path, small_recognizer(3), r'lack \d+ of the \d+ weights of the backbone: backbone\.gcn\.2\.tcn\.\S+, ')
    torch.save(dict(state_dict=dict(model.state_dict(), **{'backbone.gcn.3.gcn.conv.weight': torch.zeros(3)})), tmp_path / 'base.pth')
    refused(tmp_path, small_recognizer(3), '1 unknown: backbone.gcn.3.gcn.conv.weight')
    weights = dict(model.state_dict(), **{'backbone.gcn.0.tcn.conv.bias': torch.full((8, ), float('nan'))})
    torch.save(dict(state_dict=weights), tmp_path / 'base.pth')
    refused(tmp_path, small_recognizer(3), 'no finite numbers: backbone.gcn.0.tcn.conv.bias')


@pytest.mark.parametrize('theirs, ours', [('smpl24', 'ucla20'), ('coco17', 'infact17')])
def test_the_graph_of_another_layout_is_refused(tmp_path, theirs, ours):
    """17 joints of COCO have weights of the same shapes as 17 others: nothing but the adjacency, which must stay, tells."""
    written(tmp_path / 'base.pth', small_recognizer(5, skeleton=theirs), dict(BASE, skeleton=theirs))
    refused(tmp_path, small_recognizer(3, skeleton=ours), f'clips of the layout {theirs}, this training has {ours}',
            metainfo=dict(OURS, skeleton=ours))
    joints = theirs[-2:]
    refused(tmp_path, small_recognizer(3, skeleton=ours), rf'another graph \({joints} joints\).*backbone\.gcn\.0\.gcn\.A differs',
            metainfo=None)


def test_clips_that_are_tested_on_may_not_be_known(tmp_path):
    written(tmp_path / 'base.pth', small_recognizer(5), **{RECORD: dict(clips=['a', 'b', 'c'])})
    refused(tmp_path, small_recognizer(3), 'learnt from 2 of the clips.*: a, c', unseen=['a', 'c', 'd'])
    refused(tmp_path, small_recognizer(3), 'learnt from 1 of the clips.*: b', unseen=lambda: {'b'})
    init_from(small_recognizer(3), tmp_path / 'base.pth', unseen=['d'])


def test_what_is_no_init_is_refused_in_words(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.pth'):
        init_from(small_recognizer(3), tmp_path / 'none.pth')
    with pytest.raises(ValueError, match='neither a recognizer'):
        torch.save(dict(state_dict={}), tmp_path / 'base.pth')
        init_from(torch.nn.Linear(2, 2), tmp_path / 'base.pth')
    with pytest.raises(ValueError, match=r"must be dict\(checkpoint='PATH'\), got 'base.pth'"):
        checked_init('base.pth', None)
    with pytest.raises(ValueError, match='leave one of them out'):
        checked_init(dict(checkpoint='base.pth'), 'other.pth')
    written(tmp_path / 'base.pth', small_recognizer(5), infagenc=dict(recognizer=dict(state_dict={}), fitted=False))
    refused(tmp_path, small_recognizer(3), 'has learnt nothing yet')


# Generators -------------------------------------------------------------------------------------------------------------------------

KEYPOINTS = dict(type='KeypointRepresentation', skeleton='ucla20', normalization='min_max')
GENERATORS = dict(
    cvae=dict(type='TransformerCVAE', num_frames=8, latent_dim=8, num_layers=1, num_heads=1, ff_dim=8),
    kinetic_gan=dict(type='KineticGAN', num_frames=16, latent_dim=4, networks=dict(base_channels=2)),
    kinetic_gan_names=dict(type='KineticGAN', num_frames=16, latent_dim=4, networks=dict(base_channels=2), loss=dict(class_weight=1.),
                           ema_momentum=None),
    act_vae=dict(type='ACTVAE', num_frames=4, latent_dim=4, posterior=dict(hidden_dim=4), max_starts=2),
    slt=dict(type='SLTGenerator', num_frames=4, latent_dim=4, noise_dim=3, hidden_dim=4, wide_dim=4))


def generator(kind, num_classes, **settings):
    init_default_scope('mmagenc')
    return MODELS.build(dict(dict(GENERATORS[kind], representation=KEYPOINTS, num_classes=num_classes), **settings))


@pytest.mark.parametrize('num_classes', [2, 3, 5])
@pytest.mark.parametrize('kind', GENERATORS)
def test_of_a_generator_the_classes_are_new_and_all_else_is_taken(tmp_path, kind, num_classes):
    """Marked weights: theirs are all 7, ours −7, so that each number says where it is from; all theirs but 3 classes' must come over."""
    theirs, model = generator(kind, 3), generator(kind, num_classes)
    for each, mark in ((theirs, 7), (model, -7)):
        each.load_state_dict({name: torch.full_like(value, mark) for name, value in each.state_dict().items()})
    torch.save(dict(state_dict=theirs.state_dict(), meta=dict(dataset_meta=BASE)), tmp_path / 'base.pth')
    blocks = model.class_blocks()
    init_from(model, tmp_path / 'base.pth', metainfo=OURS)
    for name, value in model.state_dict().items():
        lost = theirs.state_dict()[name]
        for axis, first in blocks.get(name, ()):
            rows = torch.arange(value.shape[axis])
            inside = (rows >= first) & (rows < first + num_classes)
            assert bool((value.index_select(axis, rows[inside]) == -7).all()), name
            lost = lost.narrow(axis, 0, lost.shape[axis] - 3)
        expected = 0 if blocks.get(name) == () else lost.numel()
        assert int((value == 7).sum()) == expected, name


def test_statistics_stay_and_start_poses_are_of_the_new_clips(tmp_path):
    """What the hook fits before a training: the representation is there, start poses of the old classes are not."""
    theirs, model = generator('act_vae', 5), generator('act_vae', 3)
    points = np.random.rand(10, 1, 4, 20, 3).astype(np.float32)
    clips = [dict(label=i % 5, total_frames=4, frame_dir=str(i), keypoint=keypoint) for i, keypoint in enumerate(points)]
    theirs.representation.fit(clips)
    theirs.starts.fit(clips, theirs.representation)
    torch.save(dict(state_dict=theirs.state_dict(), meta=dict(dataset_meta=BASE)), tmp_path / 'base.pth')
    beginning = init_from(model, tmp_path / 'base.pth', metainfo=OURS)
    assert model.representation.fitted and torch.equal(model.representation.std, theirs.representation.std)
    assert theirs.starts.fitted and not model.starts.fitted
    assert 'Clips are encoded by the statistics of those that the checkpoint has learnt from' in str(beginning)


@pytest.mark.parametrize('kind', GENERATORS)
def test_every_weight_whose_shape_depends_on_the_classes_is_known_to_do_so(kind):
    few, many = generator(kind, 3).state_dict(), generator(kind, 5).state_dict()
    depends = {name for name in many if few[name].shape != many[name].shape}
    blocks = generator(kind, 3).class_blocks()
    assert depends <= blocks.keys()
    for name in depends:
        axes = {axis for axis in range(many[name].ndim) if few[name].shape[axis] != many[name].shape[axis]}
        assert blocks[name] == () or axes == {axis for axis, _ in blocks[name]}, name


def test_a_generator_of_the_same_classes_is_taken_wholly_and_one_of_other_settings_not_at_all(tmp_path):
    theirs = written(tmp_path / 'base.pth', generator('cvae', 5))
    model = generator('cvae', 5)
    init_from(model, tmp_path / 'base.pth', metainfo=BASE)
    assert all(torch.equal(value, theirs[name]) for name, value in model.state_dict().items())
    refused(tmp_path, generator('cvae', 3, latent_dim=16), 'do not fit the TransformerCVAE.*only its classes may be others')
    refused(tmp_path, generator('act_vae', 3), 'missing: .*unknown: ')
