"""All commands: name, module below :mod:`mmagenc.commands`, one line of help. Imports nothing of the package."""

from typing import Dict, NamedTuple, Optional


class Command(NamedTuple):
    """One command.

    Args:
        module: its module below :mod:`mmagenc.commands`, and below :mod:`mmagenc.commands.options`.
        help: one line for the list of commands.
        old: name of the script that it was, which is a door to it in ``tools/``; ``None`` for a command that never was one.
    """

    module: str
    help: str
    old: Optional[str] = None


GROUPS: Dict[str, Dict[str, Command]] = {
    'begin': {
        'quickstart': Command('quickstart', 'the whole method on stand-in infants in minutes, from data to pictures', 'quickstart'),
        'completion': Command('completion', 'print the script by which a shell completes commands, options and files'),
        'standin': Command('standin', 'synthesize stand-in infants in the published file format', 'data/make_standin'),
    },
    'train and test': {
        'train': Command('train', 'train a generator, a recognizer or both in the InfAGenC loop', 'train'),
        'pretrain': Command('pretrain', 'let a recognizer or generator learn from other motion first', 'pretrain'),
        'test': Command('test', 'test a generator or a recognizer', 'test'),
        'study': Command('study', 'does generated motion help? seeds, arms and training-set sizes as one job', 'analysis/study'),
    },
    'motion': {
        'generate': Command('generate', 'generate labelled motion and write it as an annotation file', 'generate'),
        'visualize': Command('visualize', 'draw clips of a file or of a generator as GIF, MP4 or PNG', 'visualize'),
        'export-model': Command('export_model', 'a recognizer or generator as ONNX or torch.export file, with all that is known of it'),
        'predict-poses': Command('predict_poses', 'predict the poses that may follow one', 'predict_poses'),
        'predict-frames': Command('predict_frames', 'predict the frames that may follow one image', 'predict_frames'),
        'render': Command('render', 'render motion as image sequences with keypoints and masks', 'data/render_sequences'),
        'release': Command('release', 'generated clips with a data sheet: what they are near to, whom they may give away'),
        'mix': Command('mix', 'make one annotation file of several: recordings and generated clips', 'data/mix_annotations'),
    },
    'judge': {
        'recognize': Command('recognize', 'which class each clip of a file shows, or a stream of frames shows now'),
        'compare': Command('compare', 'compare generated clips with real ones, class by class', 'analysis/compare_clips'),
        'class-over-time': Command('class_over_time', 'which class a recognizer sees when, in clips whose class changes'),
        'compare-generators': Command('compare_generators', 'one table of several generators, by the same judge and recordings'),
        'compare-predictions': Command('compare_predictions', 'compare predictions of several models on the same windows',
                                       'analysis/compare_predictions'),
        'ensemble': Command('ensemble', 'fuse the scores of several recognizers by clip name', 'analysis/ensemble'),
        'report': Command('report', 'one HTML page of one or several trainings', 'analysis/report'),
        'plot': Command('plot', 'draw losses and accuracies of one or several runs', 'analysis/plot_loss'),
        'draw-pyramid': Command('draw_pyramid', 'draw the graph pyramid of a joint layout', 'analysis/draw_pyramid'),
        'benchmark': Command('benchmark', 'speed beside the plain way of doing the same', 'benchmark'),
    },
    'files of other programs': {
        'import': Command('import_files', 'files of any known format to one annotation file', 'data/import'),
        'inspect': Command('inspect_file', 'what is in an annotation file, and which clips are doubtful', 'data/inspect'),
        'export': Command('export_clips', 'clips as BVH, glTF, C3D, TRC and other formats that leave'),
        'import-amass': Command('import_amass', 'AMASS-style .npz files to one annotation file', 'data/amass_to_motion'),
        'import-arrays': Command('import_arrays', "CTR-GCN's .npz, pyskl's .pkl, ST-GCN's .npy pair to an annotation file, and back",
                                 'data/arrays_to_annotation'),
        'import-bvh': Command('import_bvh', 'fit SMPL-24 poses to BVH files', 'data/bvh_to_motion'),
        'import-h36m': Command('import_h36m', "Human3.6M's .h5 files to one annotation file", 'data/h36m_to_annotation'),
        'import-ntu': Command('import_ntu', "NTU RGB+D's .skeleton files to one annotation file", 'data/ntu_to_annotation'),
        'import-nw-ucla': Command('import_nw_ucla', "NW-UCLA's .json files to one annotation file", 'data/nw_ucla_to_annotation'),
        'import-penn-action': Command('import_penn_action', "Penn Action's .mat files to one annotation file",
                                      'data/penn_action_to_annotation'),
    },
    'models to hand on': {
        'save-pretrained': Command('save_pretrained', 'a trained model as a folder (safetensors and config), for others or for the hub'),
    },
    'weights of other programs': {
        'convert act-vae': Command('convert.act_vae', 'published weights of ACT-VAE', 'model_converters/act_vae_to_mmagenc'),
        'convert infagenc': Command('convert.infagenc', "published weights of InfAGenC's CVAE and ST-GCN",
                                    'model_converters/infagenc_to_mmagenc'),
        'convert infogcn': Command('convert.infogcn', 'published weights of InfoGCN', 'model_converters/infogcn_to_mmagenc'),
        'convert kinetic-gan': Command('convert.kinetic_gan', 'published weights of Kinetic-GAN',
                                       'model_converters/kinetic_gan_to_mmagenc'),
        'convert p2i': Command('convert.p2i', "published weights of ACT-VAE's pose-to-image network", 'model_converters/p2i_to_mmagenc'),
        'convert slt': Command('convert.slt', 'published variables of SLT', 'model_converters/slt_to_mmagenc'),
        'convert publish': Command('convert.publish', "a checkpoint's weights without what only training needs",
                                   'model_converters/publish_model'),
    },
}
COMMANDS: Dict[str, Command] = {name: command for group in GROUPS.values() for name, command in group.items()}
