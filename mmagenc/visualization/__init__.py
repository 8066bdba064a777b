"""Pictures of motion (skeletons and body meshes as GIF, MP4 and PNG), of training logs, and the report of a run."""

from .camera import Camera, View, facing_azimuth
from .clip import Clip
from .figures import (
    MEDOID,
    SPREAD,
    STANDIN_FOOTER,
    annotation_rows,
    caption,
    chosen_rows,
    class_indices,
    default_camera,
    draw_grid,
    standin_footer,
    visualize_generator,
)
from .grid import grid_frames
from .medoid import medoid, medoid_of_annotations, pose_distances
from .mesh import MeshRenderer
from .skeleton import draw_skeleton
from .writers import strip_image, write_frames, write_gif, write_mp4, write_png, write_strip

__all__ = [
    'MEDOID', 'SPREAD', 'STANDIN_FOOTER', 'Camera', 'Clip', 'MeshRenderer', 'View', 'annotation_rows', 'caption', 'chosen_rows',
    'class_indices', 'default_camera', 'draw_grid', 'draw_skeleton', 'facing_azimuth', 'grid_frames', 'medoid', 'medoid_of_annotations',
    'pose_distances', 'standin_footer', 'strip_image', 'visualize_generator', 'write_frames', 'write_gif', 'write_mp4', 'write_png',
    'write_strip'
]
