"""What can be typed behind ``mmagenc convert NAME``."""
