"""Metrics of generated motion: pure functions on arrays (``functional``) and their MMEngine wrappers (``metrics``)."""
