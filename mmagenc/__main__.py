"""``python -m mmagenc NAME …``."""

from mmagenc.commands import main

if __name__ == '__main__':  # not in the processes that a command starts
    main()
