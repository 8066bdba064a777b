"""Which tests run the commands that the pages tell of: each option that a page shows with a command stands in one of its tests."""

from typing import Tuple

COMMANDS = 'tests/test_commands'


def tests(file: str, *names: str) -> Tuple[str, ...]:
    """``FILE::NAME`` of tests in one file."""
    return tuple(f'{file}::{name}' for name in names)


def own(module: str, *names: str) -> Tuple[str, ...]:
    """The same of the tests of a command."""
    return tests(f'{COMMANDS}/{module}.py', *names)


COVERED = {
    'benchmark': tests('tests/test_benchmarks/test_benchmark.py', 'test_report', 'test_published_infogcn', 'test_act_vae', 'test_slt',
                       'test_kinetic_gan', 'test_p2i', 'test_rows_picked_by_name') +
                 tests('tests/test_benchmarks/test_sweep.py', 'test_every_cost_at_toy_sizes'),
    'class-over-time': own('test_class_over_time', 'test_windows_follow_the_path'),
    'compare': own('test_compare', 'test_splits_are_kept_apart', 'test_through_a_recognizer'),
    'compare-generators': own('test_compare_generators', 'test_numbers_are_of_the_metric_functions'),
    'compare-predictions': own('test_compare_predictions', 'test_command_line'),
    'completion': own('test_completion', 'test_bash_completes'),
    'convert act-vae': own('test_convert/test_act_vae', 'test_checkpoint'),
    'convert infagenc': own('test_convert/test_infagenc', 'test_cvae'),
    'convert infogcn': own('test_convert/test_infogcn', 'test_nothing_is_passed_over'),
    'convert kinetic-gan': own('test_convert/test_kinetic_gan', 'test_checkpoint'),
    'convert p2i': own('test_convert/test_p2i', 'test_checkpoint'),
    'convert publish': own('test_convert/test_publish', 'test_every_model_comes_back_bit_for_bit'),
    'convert slt': own('test_convert/test_slt', 'test_checkpoint'),
    'draw-pyramid': own('test_draw_pyramid', 'test_writes_the_picture'),
    'ensemble': own('test_ensemble', 'test_published_weights'),
    'export': own('test_export_clips', 'test_all_clips_in_one_file', 'test_which_clips', 'test_from_clip_to_bvh_and_back_by_import',
                  'test_formats_are_listed'),
    'export-model': tests('tests/test_deploy/exported.py', '_export') + tests('tests/test_deploy/test_files.py', 'test_a_program_of_torch'),
    'generate': own('test_generate', 'test_written_clips_are_those_of_the_api', 'test_variants_of_recordings_name_them',
                    'test_saved_latents_make_the_same_clips_again', 'test_saved_latents_of_other_classes',
                    'test_truncation_brings_clips_together', 'test_stochastic_variation_of_a_new_and_of_a_saved_latent',
                    'test_classes_that_change_within_a_clip'),
    'import': own('test_import_files', 'test_from_a_folder_to_a_file_that_says_what_it_is', 'test_formats_are_listed') +
    own('test_export_clips', 'test_from_clip_to_bvh_and_back_by_import'),
    'import-amass': own('test_import_amass', 'test_folder_to_annotation'),
    'import-arrays': own('test_import_arrays', 'test_pair_and_back', 'test_npz', 'test_pkl'),
    'import-bvh': own('test_import_bvh', 'test_folder_to_annotation', 'test_preset'),
    'import-h36m': own('test_import_h36m', 'test_files_of_a_preset'),
    'import-ntu': own('test_import_ntu', 'test_clips_splits_and_list_of_what_was_left_out'),
    'import-nw-ucla': own('test_import_nw_ucla', 'test_file'),
    'import-penn-action': own('test_import_penn_action', 'test_preset', 'test_windows'),
    'inspect': own('test_import_files', 'test_inspect_says_what_is_in_it'),
    'mix': own('test_mix', 'test_gaps_persons_and_scores', 'test_a_layout_without_keypoints'),
    'plot': own('test_plot', 'test_files', 'test_names_keys_and_scales'),
    'predict-frames': own('test_predict_frames', 'test_recorded_poses', 'test_predictions_differ', 'test_an_image_of_ones_own',
                          'test_somebody_elses_motion'),
    'predict-poses': own('test_predict_poses', 'test_files', 'test_a_pose_of_an_image'),
    'pretrain': own('test_pretrain', 'test_pretrained_and_begun_with'),
    'quickstart': own('test_quickstart', 'test_main_runs_all_and_sums_up'),
    'recognize': own('test_recognize', 'test_a_table', 'test_a_stream_sees_windows_as_clips'),
    'release': own('test_release', 'test_clips_and_sheet', 'test_of_a_generator_its_own_clips_are_made_and_it_is_attacked_itself',
                   'test_clips_too_near_are_dropped_and_counted', 'test_a_judge_is_asked_and_attacked'),
    'render': own('test_render', 'test_motion_becomes_image_sequences_with_its_labels_and_splits'),
    'report': own('test_report', 'test_default_place_and_figures'),
    'save-pretrained': own('test_save_pretrained', 'test_what_it_writes_and_says'),
    'standin': own('test_standin', 'test_writes_the_published_files'),
    'study': own('test_study', 'test_whole_study_goes_on_where_it_stopped', 'test_summary_alone_trains_nothing') +
    tests('tests/test_apis/test_study_slurm.py', 'test_command_submits_and_lists', 'test_a_task_does_so_many_runs'),
    'test': own('test_test', 'test_scores_by_name') + own('test_train', 'test_whole_run_from_a_plain_clone_resumed_and_tested'),
    'train': own('test_train', 'test_whole_run_from_a_plain_clone_resumed_and_tested', 'TestOptions') +
    own('test_pretrain', 'test_pretrained_and_begun_with'),
    'visualize': own('test_visualize', 'test_annotation_file', 'test_chosen_clips', 'test_generator_with_and_without_its_data',
                     'test_options_reach_the_picture'),
}
LINES = {
    r'make quickstart\b': own('test_quickstart', 'test_main_runs_all_and_sums_up'),
    r'make test\b': (),  # these tests
    r'bash tools/dist_generate\.sh ': own('test_generate_shares', 'test_two_processes'),
    r'bash tools/dist_train\.sh ': own('test_train', 'test_two_cpu_processes'),
    r'bash tools/slurm_train\.sh ': own('test_train', 'test_slurm_command_line'),
    r'(?:\S+=\S+ )*bash tools/slurm_train_requeue\.sh ': tests('tests/test_tools/test_slurm.py', 'test_what_is_submitted_and_started'),
    r'python run\.py model\.onnx --clips \S+$': tests('tests/test_deploy/test_files.py', 'test_it_runs_where_there_is_no_torch'),
    r'python make_file\.py$': tests('tests/test_skeletons/test_docs.py', 'test_example_runs'),
    r'for .* do$|done(?:; done)*$|\w+=\S+$|#': (),  # no commands of their own
}
"""Lines with no command of ours: what they begin with, and the tests that do as much."""
