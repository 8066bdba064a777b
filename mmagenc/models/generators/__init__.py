from .cvae import TransformerCVAE  # noqa
