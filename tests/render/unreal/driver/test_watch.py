"""Finished, failed, hung, crashed, disconnected and stale are told apart."""

from __future__ import annotations

import pytest

from cat_dataset.errors import CatError, InputError
from render.unreal.driver.plan_file import Deadlines
from render.unreal.driver.watch import Condition, Watch
from render.unreal.errors import EditorCrashed, EditorFailure, EditorGone, EditorHung, EditorSilent, RenderFailed
from render.unreal.status import FAILED, FINISHED, LOADING, RENDERING, Status

LIMITS = Deadlines(connect=10, start=100, heartbeat=50, frame=200)
THERE, UNLINKED, DEAD = Condition(), Condition(linked=False), Condition(ended=EditorCrashed("killed by SIGSEGV"))
READ_BACK = {"0": {"CTRL_L_eye_blink": 0.0}}


class Told:
    """A watch over a story: what is seen at which second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watch = Watch("own", LIMITS, lambda: self.now)

    def see(self, at: float, state: str = "", beat: int = 0, *, condition: Condition = THERE, done: int = 0, **more: object) -> bool:
        self.now = at
        status = Status("own", state=state, beat=beat, frames_done=done, **more) if state else None  # type: ignore[arg-type]
        return self.watch.see(self.watch.own(status), condition, done)


def test_a_job_that_goes_well_ends_when_the_editor_says_so() -> None:
    told = Told()
    assert not told.see(99)
    assert not told.see(100, LOADING, 1)
    assert not told.see(149, LOADING, 2)
    assert not told.see(190, RENDERING, 3)
    assert not told.see(230, RENDERING, 4, done=1)
    assert told.see(240, FINISHED, 5, success=True, done=2)


STORIES: dict[str, tuple[list[tuple[float, str, int, Condition, int]], type[EditorFailure], str]] = {
    "never begins": ([(100.1, "", 0, THERE, 0)], EditorSilent, "did not begin the job within 100 s"),
    "link lost before it began": ([(11, "", 0, UNLINKED, 0)], EditorGone, "closed before the job began"),
    "hangs while loading": ([(1, LOADING, 1, THERE, 0), (51.5, LOADING, 1, THERE, 0)], EditorHung, "no beat for 50 s while loading"),
    "hangs between frames": (
        [(1, RENDERING, 1, THERE, 0), (40, RENDERING, 2, THERE, 1), (91, RENDERING, 2, THERE, 1)], EditorHung, "no beat for 51 s",
    ),
    "beats without a frame": (
        [(at, RENDERING, at, THERE, 0) for at in (*range(1, 202, 10), 202)], EditorHung, "brought no frame for 201 s while rendering",
    ),
    "crashes": ([(1, RENDERING, 1, THERE, 0), (2, RENDERING, 1, DEAD, 0)], EditorCrashed, "SIGSEGV"),
    "crashes before it began": ([(2, "", 0, DEAD, 0)], EditorCrashed, "SIGSEGV"),
    "link lost and the heart stands": (
        [(1, RENDERING, 1, UNLINKED, 0), (22, RENDERING, 1, UNLINKED, 0)], EditorGone, "the editor is lost and it has not beaten",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_bad_ends_are_told_apart(name: str) -> None:
    story, kind, message = STORIES[name]
    told = Told()
    for at, state, beat, condition, done in story[:-1]:
        assert not told.see(at, state, beat, condition=condition, done=done)
    at, state, beat, condition, done = story[-1]
    with pytest.raises(EditorFailure, match=message) as caught:
        told.see(at, state, beat, condition=condition, done=done)
    assert type(caught.value) is kind


def test_a_lost_link_does_not_end_a_job_whose_heart_beats() -> None:
    told = Told()
    for at in range(1, 190, 5):
        assert not told.see(at, RENDERING, at, condition=UNLINKED)
    assert told.see(191, FINISHED, 999, condition=UNLINKED, success=True)


def test_what_an_editor_wrote_before_it_died_counts() -> None:
    assert Told().see(5, FINISHED, 9, condition=DEAD, success=True)


def test_a_failure_while_rendering_may_be_tried_again() -> None:
    with pytest.raises(RenderFailed, match="out of video memory"):
        Told().see(1, FAILED, 1, error="out of video memory", controls=READ_BACK)
    with pytest.raises(RenderFailed, match="reported failure and said nothing more"):
        Told().see(1, FINISHED, 1, controls=READ_BACK)


def test_what_the_project_lacks_is_bad_input() -> None:
    with pytest.raises(InputError, match="no asset /Game/Ada") as caught:
        Told().see(1, FAILED, 1, error="the project has no asset /Game/Ada")
    assert not isinstance(caught.value, EditorFailure)


def test_the_status_of_another_try_is_not_taken_for_this_ones() -> None:
    told = Told()
    assert told.watch.own(Status("another", state=FINISHED, success=True)) is None
    told.now = 101
    with pytest.raises(CatError, match="the status file there is another try's"):
        told.watch.see(None, THERE, 0)
