"""Tiny models written as configs, as users write them."""

import shutil

import torch

from mmagenc.skeletons import get_skeleton

GRAPH = get_skeleton('ucla20').graph_cfg()
RECOGNIZER = f"""dict(
    type='RecognizerGCN',
    _scope_='mmaction',
    backbone=dict(type='STGCN', in_channels=3, base_channels=4, num_stages=2, inflate_stages=[2], down_stages=[2], graph_cfg={GRAPH!r}),
    cls_head=dict(type='GCNHead', num_classes=3, in_channels=8))"""
PIPELINE = """[dict(type='ConsecutiveSample', num_frames=8, test_mode=True),
    dict(type='mmaction.FormatGCNInput', num_person=1), dict(type='mmaction.PackActionInputs')]"""
GENERATOR = f"""default_scope = 'mmagenc'
model = dict(
    type='TransformerCVAE', representation=dict(type='KeypointRepresentation', skeleton='ucla20'), num_classes=3, num_frames=8,
    latent_dim=16, num_layers=1, num_heads=2, ff_dim=16)
train_dataloader = dict(dataset=dict(type='MotionDataset', ann_file='nowhere.npz', metainfo=dict(classes=['walk', 'run', 'Jump'])))
recognizer = {RECOGNIZER}
recognizer_test_pipeline = {PIPELINE}
"""


def write_generator(folder, *, meta=None, **more):
    """Config and checkpoint of a generator in a folder."""
    from mmagenc.apis import init_generator
    config, checkpoint = folder / 'generator.py', folder / 'epoch_3.pth'
    config.write_text(GENERATOR)
    torch.manual_seed(0)
    model = init_generator(config)
    model.representation.std.fill_(0.5)
    torch.save(dict(meta=dict(dataset_meta=meta or {}), state_dict=model.state_dict(), **more), checkpoint)
    return config, checkpoint


def write_work_folder(folder, classes=('crawling', 'sitting', 'rolling')):
    """``work_dirs/mine``, as a training by InfAGenC leaves it, and ``clips.npz``: what the pages' examples find."""
    from mmagenc.apis import Generator, init_recognizer
    config, checkpoint = write_generator(folder, meta=dict(classes=list(classes), fps=30))
    content = torch.load(checkpoint, weights_only=True)
    content['infagenc'] = dict(recognizer=dict(state_dict=init_recognizer(config).state_dict()), fitted=True)
    work = folder / 'work_dirs/mine'
    work.mkdir(parents=True)
    torch.save(content, work / 'epoch_3.pth')
    shutil.copy(config, work / 'mine.py')
    Generator.load(work).generate(num_samples_per_class=2).save(folder / 'clips.npz')
    return folder
