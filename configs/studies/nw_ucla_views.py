# NW-UCLA by unseen views: six actions of one camera, 5 clips an action, tested on another camera's; the base are four other actions of the
# third camera. The same people are seen by all three.
_base_ = './nw_ucla_subjects.py'

study = dict(name='NW-UCLA, unseen views', groups=dict(key='camera', train=1, test=1))
