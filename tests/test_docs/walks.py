"""Files of made-up people under the names that the pages' commands read, so that these run as they stand."""

import json
import shutil
from pathlib import Path
from typing import Dict

import pytest

from mmagenc.datasets import save_annotation
from mmagenc.deploy.samples import moving_clip
from mmagenc.skeletons import get_skeleton
from tests.bvh_writer import person_bvh
from tests.h36m_writer import write_set
from tests.own_clips import coco_clips
from tests.test_datasets.test_readers.test_bvh_clip import names_of
from tests.test_datasets.test_readers.test_formats import test_deeplabcut, test_mmpose, test_wham
from tests.test_datasets.test_readers.test_penn_action import write as write_penn
from tests.test_datasets.test_readers.test_penn_windows import line as penn_line
from tests.test_datasets.test_readers.test_skeleton_arrays import CLIPS, stgcn_array, write_files

ACTIONS = ('crawl', 'kick', 'roll')


def _persons():
    """Three actions of three subjects: name and ``(T, 17, 2)`` pixels of each."""
    for number, clip in enumerate(coco_clips(9, frames=(30, 40), gaps=False)['annotations']):
        yield f's{number // 3}', ACTIONS[number % 3], clip['keypoint'][0]


def poses_of_mmpose(folder: Path) -> None:
    """``poses/`` and a table of what is in it, and ``pose/`` sorted by class."""
    rows = ['clip,start,end,label,subject']
    for subject, action, points in _persons():
        for path in (folder / f'poses/{subject}_{action}.json', folder / f'pose/{action}/{subject}.json'):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(test_mmpose.frames(points)))
        rows.append(f'{subject}_{action},0,0.9,{action},{subject}')
    (folder / 'labels.csv').write_text('\n'.join(rows))
    (folder / 'data').mkdir()


def the_first_hour(folder: Path) -> None:
    """What MMPose, DeepLabCut (whose nose is called a snout), WHAM and motion capture leave."""
    poses_of_mmpose(folder)
    names = ['snout', *test_deeplabcut.COCO[1:]]
    for name in ('videos', 'bvh/crawl', 'bvh/kick'):
        (folder / name).mkdir(parents=True)
    for subject, action, points in _persons():
        text = test_deeplabcut.csv_text(test_deeplabcut.columns(names=names), test_deeplabcut.values(points))
        (folder / f'videos/{subject}_{action}DLC_resnet50_babiesAug30shuffle1_50000.csv').write_text(text)
        place = folder / f'outputs/{action}/{subject}'
        place.mkdir(parents=True)
        test_wham.write(place, {0: test_wham.person()}).rename(place / 'wham_output.pkl')
    for action in ('crawl', 'kick'):
        for take in range(4):
            (folder / f'bvh/{action}/{take}.bvh').write_text(person_bvh(names_of('mixamo')))


def penn_action(folder: Path) -> None:
    """Four videos, and a list of windows of the published form."""
    actions = [('squat', 1), ('baseball_pitch', 1), ('baseball_pitch', 1), ('baseball_pitch', 1), ('golf_swing', -1)]
    place = folder / 'data/Penn_Action'
    place.mkdir(parents=True)
    poses = [write_penn(place / 'labels', f'{number:04d}', action=action, train=train, frames=70, seed=number)
             for number, (action, train) in enumerate(actions, 1)]
    (folder / 'testing_pair_penn5.txt').write_text(penn_line('0005', 'golf_swing', 3, poses[4], 1, 3))


def human36m(folder: Path) -> None:
    """Human3.6M of four persons, and arrays of NTU RGB+D."""
    write_set(folder / 'data/h36m', subjects=(1, 5, 9, 11), actions=('Walking', 'Eating'), frames=320)
    (folder / 'data/ntu60').mkdir()
    ntu(folder / 'data/ntu60')


def ntu(folder: Path) -> None:
    clips = [dict(frame_dir=name, label=0, total_frames=clip.shape[1], keypoint=clip) for name, clip in zip('abc', CLIPS)]
    save_annotation(dict(split=dict(xsub_train=['a', 'b']), metainfo=dict(classes=['x'], skeleton='ntu25'), annotations=clips),
                    folder / 'ntu60.npz')


def arrays(folder: Path) -> None:
    """A training set of Kinetic-GAN's, and clips to look at."""
    first = write_files(folder, stgcn_array(CLIPS[:2]), [0, 1], ['a', 'b'])
    for path, name in zip(first, ('X.npy', 'Y.pkl')):
        Path(path).rename(folder / name)
    (folder / 'data').mkdir()


def streams(folder: Path) -> Dict[str, str]:
    """A model of a file, new clips, and the frames of one line by line; gives what stands for the page's words."""
    pytest.importorskip('onnxscript')
    from tests.test_deploy.exported import tiny
    shutil.copy(tiny().judge, folder / 'model.onnx')
    clips = [dict(moving_clip(get_skeleton('ucla20'), num_dims=3, scored=False, frames=20, seed=seed), label=seed) for seed in range(2)]
    save_annotation(dict(split=dict(all=[clip['frame_dir'] for clip in clips]), annotations=clips,
                         metainfo=dict(classes=['walk', 'run', 'Jump'], skeleton='ucla20', fps=25.)), folder / 'new.npz')
    frames = ''.join(f'{json.dumps(frame)}\n' for frame in clips[0]['keypoint'][0].tolist())
    (folder / 'frames.jsonl').write_text(frames)
    # with nobody to write more, a second of waiting is as good as ten
    return {'stdin': frames, 'CONFIG': str(tiny().config), 'CHECKPOINT': str(tiny().checkpoint), '10': '1'}
