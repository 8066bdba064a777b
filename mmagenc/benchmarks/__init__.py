"""What ``tools/benchmark.py`` times: a module a benchmark, each with one function ``(settings) -> rows``."""
