"""Hooks: one concern a file."""

from .faster_steps import CompileHook, CUDAGraphHook
from .finite_loss_hook import FiniteLossHook
from .infagenc_hook import InfAGenCHook
from .init_from_hook import InitFromHook
from .interruption_hook import InterruptionHook
from .online_generation_hook import OnlineGenerationHook
from .pretraining_record_hook import PretrainingRecordHook
from .random_state_hook import RandomStateHook
from .representation_stats_hook import RepresentationStatsHook
from .sample_visualization_hook import SampleVisualizationHook
from .step_logger_hook import StepLoggerHook
from .switch_pipeline_hook import SwitchPipelineHook

__all__ = [
    'CUDAGraphHook', 'CompileHook', 'FiniteLossHook', 'InfAGenCHook', 'InitFromHook', 'InterruptionHook', 'OnlineGenerationHook',
    'PretrainingRecordHook', 'RandomStateHook', 'RepresentationStatsHook', 'SampleVisualizationHook', 'StepLoggerHook',
    'SwitchPipelineHook'
]
