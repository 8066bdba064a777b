"""``mmagenc convert NAME``: published weights to checkpoints of this package, and a checkpoint to what is published."""
