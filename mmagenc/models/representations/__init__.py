from .rotation import RotationRepresentation  # noqa
