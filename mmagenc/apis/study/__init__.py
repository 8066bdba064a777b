"""A study: recognizers trained on a few real clips, with and without generated ones, as jobs that can be run in any process.

Its config is that of the recognizer (``model``, data, optimizer) with a dict ``study`` beside it, whose settings are described in
:mod:`mmagenc.apis.study.settings`.
"""

from .study import Job, Study

__all__ = ['Job', 'Study']
