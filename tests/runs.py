"""Several runs in one process, each as if it were the first."""

from mmengine.logging import MessageHub, MMLogger
from mmengine.visualization import Visualizer


def forget_runs() -> None:
    """Forget what MMEngine keeps of earlier runs by config and second: a later one of the same second would write into their folders."""
    for kind in (MMLogger, MessageHub, Visualizer):
        kind._instance_dict.clear()
