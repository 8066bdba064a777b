# NW-UCLA by unseen subjects: six actions of one subject, 5 clips an action, tested on five others; the base are four other actions of the
# four subjects that are neither trained nor tested on.
_base_ = './nw_ucla_from_bandai_namco.py'

model = dict(cls_head=dict(num_classes=6))
study = dict(
    name='NW-UCLA, unseen subjects',
    classes=['pick up with one hand', 'drop trash', 'stand up', 'donning', 'doffing', 'carry'],
    base=dict(_delete_=True, classes=['pick up with two hands', 'walk around', 'sit down', 'throw'], augmentation='strong'),
    generators=dict(
        transfer=dict(generator=dict(config=dict(model=dict(num_classes=6)))),
        random=dict(generator=dict(config=dict(model=dict(num_classes=6))))))
