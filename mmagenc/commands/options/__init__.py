"""What can be typed behind each command: a module a command, with ``build_parser()`` and nothing heavy imported."""
