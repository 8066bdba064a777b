"""``--unit`` for files that have no unit."""

from .registry import ReadOptions


def refuse_unit(options: ReadOptions) -> None:
    """For readers of keypoints in two coordinates.

    Raises:
        ValueError: the user says a unit.
    """
    if options.unit is not None:
        raise ValueError('--unit is for places in space, and here are x and y of an image alone, which have no unit: leave it out')
