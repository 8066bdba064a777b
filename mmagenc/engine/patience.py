"""Waiting for the main process for as long as it takes.

While one process judges, the others wait at a collective operation, and those have a time limit (NCCL's is ten minutes): a training ended
where the main process had more to do. The group here talks over gloo, whatever the training's own backend is, with a limit of a month; a
process that dies closes its connections, so that the others end all the same.
"""

from datetime import timedelta
from typing import Any, Optional

import torch
import torch.distributed as dist
from mmengine.dist import is_distributed

LIMIT = timedelta(days=30)


class Patience:
    """A process group of its own for what one process decides while all others wait; nothing where there is one process.

    All processes must make it at the same place of the program.
    """

    def __init__(self) -> None:
        self.group: Optional[dist.ProcessGroup] = dist.new_group(backend='gloo', timeout=LIMIT) if is_distributed() else None

    def share(self, value: Any) -> Any:
        """What the main process passes in, in all processes; waits until it gets there."""
        if self.group is None:
            return value
        values = [value]
        dist.broadcast_object_list(values, src=0, group=self.group)
        return values[0]

    def most(self, number: int) -> int:
        """The largest of the numbers that the processes pass in."""
        if self.group is None:
            return number
        largest = torch.tensor(number)
        dist.all_reduce(largest, op=dist.ReduceOp.MAX, group=self.group)
        return int(largest)
