"""Layouts by name, and own ones beside the built-in ones."""

import pytest
import yaml
from mmengine.config import ConfigDict

from mmagenc.skeletons import SKELETONS, Skeleton, get_skeleton, layout_definitions, register_skeleton
from mmagenc.skeletons.library import BUILT_IN, MMACTION2_LAYOUTS

OWN = dict(name='own3', joint_names=['body', 'left_hand', 'right_hand'], parents=[-1, 0, 0])
SKELETON = Skeleton('own3', ('body', 'left_hand', 'right_hand'), (-1, 0, 0), (('left_hand', 'right_hand'), ))


@pytest.mark.parametrize('way', [register_skeleton, get_skeleton])
@pytest.mark.parametrize('form', ['dict', 'ConfigDict', 'str', 'Path'])
def test_every_form_is_registered_under_its_name(tmp_path, way, form):
    path = tmp_path / 'own3.yaml'
    path.write_text(yaml.safe_dump(OWN))
    assert way({'dict': OWN, 'ConfigDict': ConfigDict(OWN), 'str': str(path), 'Path': path}[form]) == SKELETON
    assert get_skeleton('own3') == SKELETON == SKELETONS['own3']


def test_skeletons_are_registered_on_request_only():
    assert get_skeleton(SKELETON) is SKELETON and 'own3' not in SKELETONS
    assert register_skeleton(SKELETON) is SKELETON is get_skeleton('own3')


def test_the_same_again_is_fine_and_another_is_refused():
    first = register_skeleton(OWN)
    assert register_skeleton(dict(OWN, edges=[[0, 1], [0, 2]], parents=None, root=0)) is first
    with pytest.raises(ValueError, match=r"a layout 'own3' already, whose parents are \(-1, 0, 0\) and not \(-1, 0, 1\)"):
        register_skeleton(dict(OWN, parents=[-1, 0, 1]))
    with pytest.raises(ValueError, match="a layout 'smpl24' already, whose joint_names"):
        register_skeleton(dict(OWN, name='smpl24'))
    assert register_skeleton(get_skeleton('smpl24')) is get_skeleton('smpl24')
    assert get_skeleton('own3') is first


@pytest.mark.parametrize('name', MMACTION2_LAYOUTS)
def test_names_of_mmaction2s_graphs_stay_theirs(name):
    with pytest.raises(ValueError, match=f'names a graph of MMAction2 .the keypoints of our {MMACTION2_LAYOUTS[name]}.'):
        register_skeleton(dict(OWN, name=name))


@pytest.mark.parametrize('thing, reason', [('own3', "takes a Skeleton, a dict or the path of a .yaml file, got 'own3'"), (3, 'got a int')])
def test_what_cannot_be_registered(thing, reason):
    with pytest.raises(ValueError, match=reason):
        register_skeleton(thing)


def test_unknown_names_say_how_to_add_one():
    with pytest.raises(ValueError, match=r'unknown skeleton .own3.; known: smpl24, .*infant14.*\nAdd your own: a dict .*YAML.*skeleton '
                       'of the metainfo.*register_skeleton by custom_imports; see docs/layouts.md') as error:
        get_skeleton('own3')
    assert len(str(error.value).splitlines()[-1]) < 200, 'the last line of a log'


def test_definitions_are_those_that_others_lack():
    register_skeleton(OWN)
    definitions = layout_definitions(['smpl24', 'own3', None, 'nothing', 'own3'])
    assert list(definitions) == ['own3'] and 'own3' not in BUILT_IN and 'smpl24' in BUILT_IN
    del SKELETONS['own3']
    assert register_skeleton(definitions['own3']) == SKELETON
