"""What ``mmagenc benchmark`` times: a module a benchmark, each with one function ``(settings) -> rows``."""
