"""How long after a movement begins a stream names it: the figures of docs/deploy.md.

    python -m tests.stream_delay        # minutes of one CPU core

The judge of ``configs/infagenc/own_2d.py`` learns 48 made-up clips of three movements, windows of 40 frames from anywhere; then it sees six
streams of new bodies, three seconds of one movement and three of another.
"""

from itertools import permutations

import numpy as np
import torch
from mmengine.registry import init_default_scope

from mmagenc.deploy.stream import StreamRecognizer
from mmagenc.engine.own_data import RECOGNIZERS
from mmagenc.models.recognizers import build_pipeline, prepare
from mmagenc.registry import MODELS
from tests.own_clips import WAVE_SQUAT_STEP, coco_clips, coco_movement

WINDOW, EPOCHS, FPS, FRAMES, STRIDE = 40, 25, 25, 75, 2
PIPELINE = [dict(type='BodyUnit'), dict(type='DropScores'), dict(type='mmaction.FormatGCNInput', num_person=1),
            dict(type='mmaction.PackActionInputs')]


def inputs(clip, pipeline):
    return pipeline(prepare(dict(clip, skeleton='coco17')))['inputs'].float()


def trained(pipeline):
    """The judge, trained."""
    data = coco_clips(60, seed=0, gaps=False)
    clips = [clip for clip in data['annotations'] if clip['frame_dir'] in set(data['split']['train'])]
    label = torch.tensor([clip['label'] for clip in clips])
    model = MODELS.build(RECOGNIZERS['stgcn']('coco17', 2, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(EPOCHS):
        for part in torch.randperm(len(clips)).split(16):
            batch = []
            for clip in (clips[index] for index in part.tolist()):
                start = np.random.randint(0, clip['total_frames'] - WINDOW + 1)
                window = {key: clip[key][:, start:start + WINDOW] for key in ('keypoint', 'keypoint_score')}
                batch.append(inputs(dict(clip, **window, total_frames=WINDOW), pipeline))
            scores = model.cls_head(model.extract_feat(torch.stack(batch), stage='backbone')[0])
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(scores, label[part]).backward()
            optimizer.step()
    return model.eval()


def stream(first, second, rng):
    """``(150, 17, 2)`` pixels: one movement, and then another."""
    parts = [coco_movement(action, 2 * np.pi * (0.7 * np.arange(FRAMES) / FPS + rng.uniform()), rng) for action in (first, second)]
    return np.concatenate(parts) * [150, -150] + [320, 446] + rng.normal(0, 1.5, (2 * FRAMES, 17, 2))


def main():
    init_default_scope('mmagenc')
    torch.manual_seed(0)
    np.random.seed(0)
    pipeline = build_pipeline(PIPELINE)
    model = trained(pipeline)

    @torch.no_grad()
    def score(clip):
        return model.cls_head(model.extract_feat(inputs(clip, pipeline)[None], stage='backbone')[0]).softmax(dim=1)[0].numpy()

    for smoothing in (0., 0.6):
        rng, right, delays = np.random.default_rng(1), [], []
        for first, second in permutations(range(3), 2):
            recognizer = StreamRecognizer(score, window=WINDOW, stride=STRIDE, smoothing=smoothing, fps=FPS)
            seen = [recognizer.push(frame) for frame in stream(WAVE_SQUAT_STEP[first], WAVE_SQUAT_STEP[second], rng)]
            seen = [prediction for prediction in seen if prediction is not None]
            right += [prediction.label == first for prediction in seen if prediction.frame < FRAMES]
            wrong = [prediction.frame for prediction in seen if prediction.frame >= FRAMES and prediction.label != second]
            delays.append((max(wrong, default=FRAMES - STRIDE) + STRIDE - FRAMES) / FPS)  # named right from then on
        print(f'smoothing {smoothing}: before the change {np.mean(right):.1%} right; seconds until the new class stays: '
              f'median {np.median(delays):.2f}, {", ".join(f"{delay:.2f}" for delay in delays)}')


if __name__ == '__main__':
    main()
