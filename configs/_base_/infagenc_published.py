# What the published loop does, and only it: fifteen epochs of the recognizer on real clips, three after each round, and the published rule,
# whose sort leaves undefined ratios where Python's leaves them. It knows no gate, and does not ask whether the recognizer knows what the
# representation makes of recordings: both are counted and logged here, and hold nothing back. What else was published and is an option is
# taken too; the table in configs/infagenc/README.md says what is none.
_base_ = './infagenc_loop.py'

infagenc = dict(
    recognizer_warmup_epochs=15,
    recognizer_best=True,
    recognizer_epochs=3,
    fresh_optimizers=True,
    candidate_batch=16,
    reference='best_epoch',
    keep_skipped=True,
    selector=dict(
        type='MedianRatioSelector',
        confidence=0.75,
        within_weight=0.6,
        between_weight=0.4,
        fraction=0.5,
        min_survivors=2,
        undefined='published',
        absent='scarce'),
    gate=dict(enforce=False),
    max_gap=None)
