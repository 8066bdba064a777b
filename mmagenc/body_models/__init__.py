"""Body models."""

from .body_model import BodyModel, InfantBody

__all__ = ["BodyModel", "InfantBody"]
