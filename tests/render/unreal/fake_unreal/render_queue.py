"""The fake's Movie Render Queue: takes a job, writes a picture at a time over ticks, fires the delegates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.render.unreal.fake_unreal.acts import act, need
from tests.render.unreal.fake_unreal.acts_sequence import value_at
from tests.render.unreal.fake_unreal.pictures import picture, write_png

NEEDED = ("MoviePipelineDeferredPass_PathTracer", "MoviePipelineImageSequenceOutput_PNG", "MoviePipelineOutputSetting")


class FakeRenderQueue:
    """The one queue of an editor."""

    def __init__(self, editor: Any) -> None:
        self.editor = editor
        self.jobs: list[Any] = []
        self.rendering = False
        self._running: Iterator[None] | None = None
        self.late = 0.0
        """Part of a frame after its beginning at which it is seen, where the shutter opens at the frame."""

    def start(self, executor: Any) -> None:
        self.rendering = True
        self._running = self._render(executor)

    def work(self) -> None:
        """One tick's worth."""
        if self._running is not None:
            next(self._running, None)

    def _render(self, executor: Any) -> Iterator[None]:
        yield
        success = True
        for job in [job for job in self.jobs if job._state.get("enabled", True)]:
            settings = {} if job._state["graph"] else job._state["settings"]
            if lacking := [name for name in NEEDED if name not in settings]:
                fire(executor.on_executor_errored_delegate, executor, None, True, f"the job has no {lacking[0]}")
                success = False
                continue
            files: list[str] = []
            for _ in self._frames(job, settings, files):
                yield
            success = success and self.editor.switches.fail_at is None
            fire(executor.on_individual_job_work_finished_delegate, self._output(job, files, success))
            yield
        self.rendering = False
        if not self.editor.switches.silent:
            fire(executor.on_executor_finished_delegate, executor, success)

    def _frames(self, job: Any, settings: dict[str, Any], files: list[str]) -> Iterator[None]:
        switches, output = self.editor.switches, settings["MoviePipelineOutputSetting"]
        for frame in range(output.custom_start_frame - switches.warm_up, output.custom_end_frame):
            for _ in range(switches.ticks_per_frame):
                yield
            if frame == switches.crash_at:
                self.editor.crash()
            if frame == switches.hang_at:
                self.editor.hung = True
                yield
            if frame == switches.fail_at:
                fire(job._state["executor"].on_executor_errored_delegate, job._state["executor"], None, False, f"frame {frame} failed")
                return
            number = f"{frame:0{output.zero_pad_frame_numbers + (frame < 0)}d}"
            path = Path(output.output_directory.path) / (output.file_name_format.replace("{frame_number}", number) + ".png")
            pixels = picture(self._scene(settings), self._values(job, settings, frame), output.output_resolution.x)
            if frame != switches.skip_at:
                write_png(path, pixels, 0.5 if frame == switches.truncate_at else 1.0)
            files.append(str(path))

    def _scene(self, settings: dict[str, Any]) -> str:
        """What the picture shows besides the controls, as text."""
        editor = self.editor
        person = next(actor for actor in editor.actors if "asset" in actor._state)
        sky = next(actor for actor in editor.actors if type(actor).__name__ == "SkyLight").light_component
        camera = next(actor for actor in editor.actors if "lens" in actor._state)
        at, lens = camera._state["at"], camera._state["lens"]
        parts = [person._state["asset"], sky._state["new_cubemap"]._state["path"], sky.source_cubemap_angle, sky._state["new_intensity"]]
        return "|".join(map(str, [*parts, *(round(v, 3) for v in (at.x, at.y, at.z)), lens.current_focal_length]))

    def _values(self, job: Any, settings: dict[str, Any], frame: int) -> dict[str, float]:
        """Values of all keyed controls as a render of ``frame`` sees them: settings that let states leak do so."""
        shutter = settings.get("MoviePipelineCameraSetting")
        opens = shutter is not None and shutter.shutter_timing is self.editor.classes["MoviePipelineShutterTiming"].FRAME_OPEN
        variables = settings["MoviePipelineConsoleVariableSetting"]._state if "MoviePipelineConsoleVariableSetting" in settings else {}
        share = 0.0 if variables.get("r.PathTracing.TemporalDenoiser") == 0 and variables.get("r.MotionBlurQuality") == 0 else 0.1
        share += self.editor.switches.leak
        now = self._at(job, frame + self.late if opens else frame - 0.25)
        before = self._at(job, frame - 1)
        return {name: value + share * (before[name] - value) for name, value in now.items()}

    def _at(self, job: Any, time: float) -> dict[str, float]:
        sequence = self.editor.loaded[job.sequence._values["path_string"].split(".")[0]]
        rigs = [proxy._values["control_rig"] for proxy in sequence._state["rigs"]]
        return {f"{name}{i}": number for rig in rigs for name in rig._state["keys"] for i, number in enumerate(value_at(rig, name, time))}

    def _output(self, job: Any, files: list[str], success: bool) -> Any:
        classes = self.editor.classes
        rendered, shot, output = (classes[f"MoviePipeline{name}OutputData"]() for name in ("RenderPass", "Shot", ""))
        rendered._values["file_paths"] = files
        shot._values["render_pass_data"] = {"FinalImage": rendered}
        output._values.update(success=success, job=job, shot_data=[shot])
        return output


def fire(delegate: Any, *arguments: Any) -> None:
    for function in list(delegate._state.get("callables", ())):
        function(*arguments)


@act("MulticastDelegateBase.add_callable_unique")
def _add(editor: Any, me: Any, callable: Any) -> None:
    me._state.setdefault("callables", []).append(callable)


@act("MoviePipelineQueueSubsystem.get_queue")
def _queue(editor: Any, me: Any) -> Any:
    return me._state.setdefault("queue", editor.new("MoviePipelineQueue", "queue"))


@act("MoviePipelineQueueSubsystem.is_rendering")
def _is_rendering(editor: Any, me: Any) -> bool:
    return bool(editor.queue.rendering)


@act("MoviePipelineQueueSubsystem.render_queue_with_executor_instance")
def _start(editor: Any, me: Any, executor: Any) -> None:
    need(executor, "MoviePipelinePIEExecutor", "render_queue_with_executor_instance")
    for job in editor.queue.jobs:
        job._state["executor"] = executor
    editor.queue.start(executor)


@act("MoviePipelineQueue.get_jobs")
def _jobs(editor: Any, me: Any) -> list[Any]:
    return list(editor.queue.jobs)


@act("MoviePipelineQueue.allocate_new_job")
def _allocate(editor: Any, me: Any, job_type: Any = None) -> Any:
    editor.queue.jobs.append(editor.new("MoviePipelineExecutorJob", "job", settings={}, graph=editor.switches.graph_by_default))
    return editor.queue.jobs[-1]


@act("MoviePipelineQueue.delete_job")
def _delete(editor: Any, me: Any, job: Any) -> None:
    editor.queue.jobs.remove(job)


@act("MoviePipelineExecutorJob.is_enabled")
def _is_enabled(editor: Any, me: Any) -> bool:
    return bool(me._state.get("enabled", True))


@act("MoviePipelineExecutorJob.set_is_enabled")
def _enable(editor: Any, me: Any, enabled: bool) -> None:
    me._state["enabled"] = enabled


@act("MoviePipelineExecutorJob.is_using_graph_configuration")
def _uses_graph(editor: Any, me: Any) -> bool:
    return bool(me._state["graph"])


@act("MoviePipelineExecutorJob.set_graph_preset")
def _graph(editor: Any, me: Any, graph_preset: Any) -> None:
    me._state["graph"] = graph_preset is not None


@act("MoviePipelineExecutorJob.get_configuration")
def _configuration(editor: Any, me: Any) -> Any:
    return editor.new("MoviePipelinePrimaryConfig", "configuration", settings=me._state["settings"])


@act("MoviePipelineConfigBase.find_or_add_setting_by_class")
def _setting(editor: Any, me: Any, class_: Any, include_disabled_settings: bool = False, exact_match: bool = False) -> Any:
    return me._state["settings"].setdefault(class_.__name__, class_())


@act("MoviePipelineConsoleVariableSetting.add_or_update_console_variable")
def _console(editor: Any, me: Any, name: str, value: float) -> bool:
    me._state[name] = value
    return True
