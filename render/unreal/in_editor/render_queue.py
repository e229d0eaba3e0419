"""The Movie Render Queue job: path traced, one sample pattern for every frame, nothing carried from frame to frame.

Sources of leaks, and what is set against each: temporal samples (1, the rest spatial), denoisers across frames (off), motion
blur (amount 0, and the shutter opens at the frame, so that a sample never falls before its key), auto exposure (by hand, in
`camera`), hair and cloth simulated over time (off), and a noise seed that runs on from frame to frame (locked).
"""

from __future__ import annotations

from typing import Any

import unreal

from cat_dataset.errors import RunFailed
from render.unreal.in_editor import versions
from render.unreal.job import Job

WARM_UP_FRAMES = 32
"""Frames that the engine runs before the first without drawing: poses and streaming settle."""
DRAWN_WARM_UP_FRAMES = 4
"""Frames that are drawn after those and thrown away: textures and hair on the graphics card settle."""
VARIABLES = {
    "r.PathTracing.VisibleLights": 2.0,  # the sky is seen, other lights are not
    "r.PathTracing.FrameIndependentTemporalSeed": 0.0,
    "r.MotionBlurQuality": 0.0,
    "r.HairStrands.Simulation": 0.0,
    "p.RigidBodyNode.EnableSimulation": 0.0,
    "p.ClothPhysics": 0.0,
}


class RenderQueue:
    """One render of a sequence. ``result`` is None until the queue itself says how it ended."""

    def __init__(self) -> None:
        self.result: bool | None = None
        self.errors: list[str] = []
        self.files: list[str] = []
        self.successes: list[bool] = []
        self._paused: list[Any] = []
        self._job: Any = None
        self._executor: Any = None

    def start(self, job: Job, level: str, sequence: Any) -> None:
        """Queue the job alone and begin.

        Raises:
            RunFailed: this editor is rendering something else.
        """
        system = unreal.get_editor_subsystem(unreal.MoviePipelineQueueSubsystem)
        if system.is_rendering():
            raise RunFailed("this editor is rendering something else; wait for it or stop it in the Movie Render Queue's window")
        queue = system.get_queue()
        for other in queue.get_jobs():
            if other.is_enabled():
                other.set_is_enabled(False)
                self._paused.append(other)
        self._job = queue.allocate_new_job(unreal.MoviePipelineExecutorJob)
        self._job.job_name = job.id
        self._job.map = unreal.SoftObjectPath(level)
        self._job.sequence = unreal.SoftObjectPath(sequence.get_path_name())
        versions.use_plain_settings(self._job)
        configure(self._job.get_configuration(), job)
        self._executor = unreal.MoviePipelinePIEExecutor()
        self._executor.on_individual_job_work_finished_delegate.add_callable_unique(self._work_finished)
        self._executor.on_executor_errored_delegate.add_callable_unique(self._errored)
        self._executor.on_executor_finished_delegate.add_callable_unique(self._finished)
        system.render_queue_with_executor_instance(self._executor)

    def is_rendering(self) -> bool:
        return bool(unreal.get_editor_subsystem(unreal.MoviePipelineQueueSubsystem).is_rendering())

    def leave(self) -> None:
        """Give the user's queue back as it was."""
        for other in self._paused:
            other.set_is_enabled(True)
        self._paused = []
        if self._job is not None:
            unreal.get_editor_subsystem(unreal.MoviePipelineQueueSubsystem).get_queue().delete_job(self._job)
            self._job = None
        self._executor = None

    def _work_finished(self, output: Any) -> None:
        try:
            self.successes.append(bool(output.success))
            for shot in output.shot_data:
                for rendered in shot.render_pass_data.values():
                    self.files += [str(path) for path in rendered.file_paths]
        except Exception as error:  # what a delegate raises goes no further than the editor's log
            self.errors.append(f"what was rendered cannot be read ({type(error).__name__}: {error})")

    def _errored(self, executor: Any, pipeline: Any, is_fatal: bool, text: Any) -> None:
        self.errors.append(str(text))

    def _finished(self, executor: Any, success: bool) -> None:
        self.result = bool(success)


def configure(configuration: Any, job: Job) -> None:
    """Fill in a queue job's settings."""
    configuration.find_or_add_setting_by_class(unreal.MoviePipelineDeferredPass_PathTracer)
    configuration.find_or_add_setting_by_class(unreal.MoviePipelineImageSequenceOutput_PNG)
    output = configuration.find_or_add_setting_by_class(unreal.MoviePipelineOutputSetting)
    output.output_directory = unreal.DirectoryPath(job.staging)
    output.output_resolution = unreal.IntPoint(job.render.size, job.render.size)
    output.file_name_format = "{frame_number}"
    output.zero_pad_frame_numbers = 4
    output.override_existing_output = True
    output.use_custom_playback_range = True
    output.custom_start_frame = 0
    output.custom_end_frame = len(job.shown)  # the first frame that is not rendered
    samples = configuration.find_or_add_setting_by_class(unreal.MoviePipelineAntiAliasingSetting)
    samples.override_anti_aliasing = True
    samples.anti_aliasing_method = unreal.AntiAliasingMethod.AAM_NONE
    samples.spatial_sample_count = job.render.samples
    samples.temporal_sample_count = 1
    samples.use_camera_cut_for_warm_up = False
    samples.engine_warm_up_count = WARM_UP_FRAMES
    samples.render_warm_up_count = DRAWN_WARM_UP_FRAMES
    shutter = configuration.find_or_add_setting_by_class(unreal.MoviePipelineCameraSetting)
    shutter.shutter_timing = unreal.MoviePipelineShutterTiming.FRAME_OPEN
    game = configuration.find_or_add_setting_by_class(unreal.MoviePipelineGameOverrideSetting)
    game.use_lod_zero = True
    game.cinematic_quality_settings = True
    game.flush_streaming_managers = True
    game.texture_streaming = unreal.MoviePipelineTextureStreamingMethod.FULLY_LOAD
    variables = configuration.find_or_add_setting_by_class(unreal.MoviePipelineConsoleVariableSetting)
    for name, value in {**VARIABLES, **versions.denoiser_variables()}.items():
        variables.add_or_update_console_variable(name, value)
