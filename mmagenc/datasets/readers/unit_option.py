"""``--unit`` for files that have no unit."""

from .registry import ReadOptions, Recording


def refuse_unit(options: ReadOptions) -> None:
    """For readers of keypoints in two coordinates.

    Raises:
        ValueError: the user says a unit.
    """
    if options.unit is not None:
        raise ValueError('--unit is for places in space, and here are x and y of an image alone, which have no unit: leave it out')


def check_unit(recording: Recording, takes_unit: bool, options: ReadOptions) -> None:
    """Refuse a unit that nothing is measured in, or that a reader does not take: it would be passed over without a word.

    Args:
        recording: of the reader.
        takes_unit: as :class:`~mmagenc.datasets.readers.registry.Reader` says it.
        options: what the user says.

    Raises:
        ValueError: such a unit.
    """
    if options.unit is None:
        return
    if recording.coordinates == 2:
        refuse_unit(options)
    if not takes_unit:
        raise ValueError('--unit is for files that do not say their unit, and this format has one: leave it out')
