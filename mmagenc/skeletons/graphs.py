"""Layouts as graphs of MMAction2's networks: ``graph_cfg=dict(layout='smpl24', mode='stgcn_spatial')``."""

import functools
from collections.abc import Mapping
from types import ModuleType
from typing import Dict, Union

from .library import MMACTION2_LAYOUTS, SkeletonLike, get_skeleton
from .smpl24 import NO_ROOT_LAYOUT

PUBLISHED_GRAPHS = {'smpl_noglobal': NO_ROOT_LAYOUT}
"""Graphs that are no layout's tree."""


def graph_layout(layout: SkeletonLike) -> Union[str, Dict]:
    """What MMAction2's ``Graph`` takes as ``layout``: its own names and tables as they are, a layout of ours as a table.

    InfAGenC's ``smpl_noglobal`` is known too. The table's ``inward`` edges lead from each keypoint to its parent, in the order of the
    keypoints; its ``center`` is the skeleton's.

    Raises:
        ValueError: an unknown layout; MMAction2's and ours are listed.
    """
    if (isinstance(layout, str) and layout in MMACTION2_LAYOUTS) or (isinstance(layout, Mapping) and 'num_node' in layout):
        return layout
    if isinstance(layout, str) and layout in PUBLISHED_GRAPHS:
        return PUBLISHED_GRAPHS[layout]
    try:
        return get_skeleton(layout).graph_cfg()['layout']
    except ValueError as error:
        raise ValueError(f"graph_cfg: {error} (MMAction2's own graphs: {', '.join(MMACTION2_LAYOUTS)})") from error


def extend_mmaction_graphs(module: ModuleType) -> bool:
    """Let ``mmaction.models.utils.graph.Graph``, which all its graph networks build, take every layout that is known here by name."""
    start = module.Graph.__init__

    @functools.wraps(start)
    def init(self, layout='coco', *args, **kwargs):
        start(self, graph_layout(layout), *args, **kwargs)

    module.Graph.__init__ = init
    return True
