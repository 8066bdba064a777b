"""Clips as users bring them: 2-D keypoints of a pose estimator (scores, jitter, gaps, places, sizes), and 25 joints in 3-D.

Synthesized from hand-made movements; no recording is behind them.
"""

import numpy as np

from mmagenc.skeletons import get_skeleton

WAVE_SQUAT_STEP = ('wave', 'squat', 'step')
BODY_ACTIONS = ('raise arms', 'kick', 'bow', 'punch')

# Heights and widths of a standing person in metres, x to the person's left, y up, seen from the front.
STANDING = {
    'nose': (0, 1.58), 'left_eye': (.03, 1.62), 'right_eye': (-.03, 1.62), 'left_ear': (.07, 1.6), 'right_ear': (-.07, 1.6),
    'left_shoulder': (.18, 1.4), 'right_shoulder': (-.18, 1.4), 'left_elbow': (.24, 1.12), 'right_elbow': (-.24, 1.12),
    'left_wrist': (.27, .87), 'right_wrist': (-.27, .87), 'left_hip': (.11, .9), 'right_hip': (-.11, .9), 'left_knee': (.12, .48),
    'right_knee': (-.12, .48), 'left_ankle': (.13, .07), 'right_ankle': (-.13, .07)
}


def coco_movement(action, phase, rng):
    """``(T, 17, 2)`` metres, y up, of an action at the phases ``(T,)`` (radians)."""
    names = get_skeleton('coco17').joint_names
    body = np.repeat(np.array([STANDING[name] for name in names])[None], len(phase), axis=0).astype(np.float64)
    body += rng.normal(0, 0.015, size=(1, 17, 2))
    at = {name: index for index, name in enumerate(names)}
    side = rng.choice(['left', 'right'])
    sign, swing = (1 if side == 'left' else -1), (1 - np.cos(phase)) / 2
    if action == 'wave':  # the upper arm is up, the forearm swings
        angle = np.radians(30) * np.sin(phase) + rng.normal(0, 0.1)
        elbow = body[:, at[f'{side}_shoulder']] + np.array([sign * 0.22, 0.16])
        body[:, at[f'{side}_elbow']] = elbow
        body[:, at[f'{side}_wrist']] = elbow + 0.26 * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    elif action == 'squat':  # all but the feet go down, the knees move out
        down = rng.uniform(0.3, 0.42) * swing
        for name in names:
            if 'ankle' not in name:
                body[:, at[name], 1] -= down * (0.5 if 'knee' in name else 1)
        for leg, out in (('left', 1), ('right', -1)):
            body[:, at[f'{leg}_knee'], 0] += out * 0.35 * down
    elif action == 'step':  # one leg steps aside and comes back, the trunk follows half the way
        out = rng.uniform(0.3, 0.45) * swing
        body[:, at[f'{side}_ankle'], 0] += sign * out
        body[:, at[f'{side}_knee'], 0] += sign * 0.7 * out
        body[:, at[f'{side}_ankle'], 1] += 0.12 * np.abs(np.sin(phase))
        trunk = [at[name] for name in names if not any(part in name for part in ('knee', 'ankle'))]
        body[:, trunk, 0] += sign * 0.4 * out[:, None]
    else:
        raise ValueError(f'no movement {action!r}')
    return body


def coco_clips(count=60, *, seed=0, fps=25, frames=(50, 120), jitter=1.5, gaps=True, image=(480, 640)):
    """An annotation as MMPose users have it: ``coco17`` pixels with scores, wave, squat and step in turn; four fifths are train.

    Args:
        count: clips. seed: of everything. fps: frames a second. frames: shortest and longest clip.
        jitter: of each keypoint in each frame, pixels. gaps: stretches of 3 to 8 frames of a keypoint are missing in half of the clips:
            score 0 at (0, 0), as MMAction2's files have it, in every sixth clip NaN.
        image: height and width.
    """
    rng = np.random.default_rng(seed)
    clips = []
    for index in range(count):
        label = index % 3
        total = int(rng.integers(*frames, endpoint=True))
        phase = 2 * np.pi * (rng.uniform(0.5, 0.9) * np.arange(total) / fps + rng.uniform())
        size, place = rng.uniform(110, 180), np.array([image[1] / 2 + rng.normal(0, 60), image[0] * 0.93 + rng.normal(0, 8)])
        keypoint = coco_movement(WAVE_SQUAT_STEP[label], phase, rng) * [size, -size] + place
        keypoint += rng.normal(0, jitter, size=keypoint.shape)
        score = rng.uniform(0.6, 1, size=keypoint.shape[:2])
        if gaps and index % 2:
            for _ in range(3):
                joint, start, length = rng.integers(17), rng.integers(1, total - 9), rng.integers(3, 9)
                keypoint[start:start + length, joint] = np.nan if index % 6 == 1 else 0
                score[start:start + length, joint] = 0
        clips.append(
            dict(frame_dir=f'clip_{index:03d}', label=label, total_frames=total, img_shape=image, original_shape=image,
                 keypoint=keypoint[None].astype(np.float32), keypoint_score=score[None].astype(np.float32)))
    return _annotation(clips, count, classes=list(WAVE_SQUAT_STEP), skeleton='coco17', fps=float(fps))


BODY25 = {
    'spine_base': (0, .95, 0), 'spine_mid': (0, 1.2, 0), 'neck': (0, 1.5, 0), 'head': (0, 1.65, .03), 'left_shoulder': (.18, 1.42, 0),
    'left_elbow': (.22, 1.14, 0), 'left_wrist': (.24, .9, .03), 'left_hand': (.25, .82, .04), 'right_shoulder': (-.18, 1.42, 0),
    'right_elbow': (-.22, 1.14, 0), 'right_wrist': (-.24, .9, .03), 'right_hand': (-.25, .82, .04), 'left_hip': (.1, .92, 0),
    'left_knee': (.11, .5, .02), 'left_ankle': (.12, .08, 0), 'left_foot': (.12, .03, .13), 'right_hip': (-.1, .92, 0),
    'right_knee': (-.11, .5, .02), 'right_ankle': (-.12, .08, 0), 'right_foot': (-.12, .03, .13), 'spine_shoulder': (0, 1.44, 0),
    'left_hand_tip': (.25, .76, .05), 'left_thumb': (.22, .82, .08), 'right_hand_tip': (-.25, .76, .05), 'right_thumb': (-.22, .82, .08)
}


def body_movement(action, phase, rng):
    """``(T, 25, 3)`` metres, y up, facing +z, of an action at the phases ``(T,)``: rigid limbs turned about their joints."""
    skeleton = get_skeleton('ntu25')
    at = {name: index for index, name in enumerate(skeleton.joint_names)}
    body = np.repeat(np.array([BODY25[name] for name in skeleton.joint_names])[None], len(phase), axis=0).astype(np.float64)
    swing = (1 - np.cos(phase)) / 2
    side = rng.choice(['left', 'right'])

    def turn(joint, angle, axis):
        """Turn a joint's descendants about it by ``angle (T,)`` about x (0) or z (2)."""
        below = [joint]
        for child in skeleton.topological_order:
            if skeleton.parents[child] in below:
                below.append(child)
        a, b = ((1, 2), None, (0, 1))[axis]
        offset = body[:, below] - body[:, [joint]]
        cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
        turned = offset.copy()
        turned[..., a], turned[..., b] = cos * offset[..., a] - sin * offset[..., b], sin * offset[..., a] + cos * offset[..., b]
        body[:, below] = body[:, [joint]] + turned

    if action == 'raise arms':
        reach = rng.uniform(1.6, 2.4)
        turn(at['left_shoulder'], reach * swing, 2)
        turn(at['right_shoulder'], -reach * swing, 2)
    elif action == 'kick':
        turn(at[f'{side}_hip'], -rng.uniform(0.9, 1.4) * swing, 0)
        turn(at[f'{side}_knee'], rng.uniform(0.2, 0.6) * np.sin(phase)**2, 0)
    elif action == 'bow':
        turn(at['spine_mid'], rng.uniform(0.6, 1.1) * swing, 0)
    elif action == 'punch':
        turn(at[f'{side}_shoulder'], -rng.uniform(1.1, 1.5) * (0.4 + 0.6 * swing), 0)
        turn(at[f'{side}_elbow'], -rng.uniform(1.2, 1.6) * (1 - swing), 0)
    else:
        raise ValueError(f'no movement {action!r}')
    return body


def body_clips(count=40, *, seed=0, fps=30, frames=(60, 110), noise=0.006):
    """An annotation of 25 joints in metres, four actions in turn, bodies of different size, place and heading; four fifths are train."""
    rng = np.random.default_rng(seed)
    clips = []
    for index in range(count):
        label = index % 4
        total = int(rng.integers(*frames, endpoint=True))
        phase = 2 * np.pi * (rng.uniform(0.5, 0.8) * np.arange(total) / fps + rng.uniform())
        heading = rng.normal(0, 0.3)
        turn = np.array([[np.cos(heading), 0, np.sin(heading)], [0, 1, 0], [-np.sin(heading), 0, np.cos(heading)]])
        keypoint = body_movement(BODY_ACTIONS[label], phase, rng) * rng.uniform(0.85, 1.1) @ turn.T
        keypoint += [rng.normal(0, 0.4), 0, 2.5 + rng.normal(0, 0.3)]
        keypoint += rng.normal(0, noise, size=keypoint.shape)
        clips.append(
            dict(frame_dir=f'clip_{index:03d}', label=label, total_frames=total, keypoint=keypoint[None].astype(np.float32)))
    return _annotation(clips, count, classes=list(BODY_ACTIONS), skeleton='ntu25', fps=float(fps))


def _annotation(clips, count, **metainfo):
    names = [clip['frame_dir'] for clip in clips]
    train = names[:count * 4 // 5]
    return dict(split=dict(train=train, test=names[len(train):]), metainfo=metainfo, annotations=clips)
