"""Files that crash, hang or swallow their decoder cost themselves and nothing else."""

import os
import sys
import time

import pytest

from capture.sandbox import Call, Sandbox
from cat_dataset.errors import InputError, UsageError
from tests.capture import sandboxed


def results(sandbox, calls):
    return dict(sandbox.run(calls))


@pytest.mark.skipif(sys.platform == "win32", reason="signals and memory caps are POSIX")
def test_bad_calls_are_named_and_good_ones_go_on(tmp_path):
    calls = [Call(sandboxed.double, (i,), f"{i}.dng") for i in range(8)]
    calls += [Call(sandboxed.crash, (), "crash.dng"), Call(sandboxed.hang, (), "hang.dng"), Call(sandboxed.swallow, (), "big.dng")]
    calls += [Call(sandboxed.refuse, ("empty.dng",), "empty.dng"), Call(sandboxed.stumble, (), "odd.dng")]
    calls += [Call(sandboxed.crash_once, (tmp_path / "marker",), "unlucky.dng")]
    start = time.monotonic()
    with Sandbox(2, memory_gib=1, seconds=4) as sandbox:
        found = results(sandbox, calls)
        assert results(sandbox, calls[:2]) == {0: 0, 1: 2}
        pids = [worker.process.pid for worker in sandbox._workers]
    assert time.monotonic() - start < 60
    assert [found[i] for i in range(8)] == [2 * i for i in range(8)]
    for index, says in ((8, "crash.dng crashed"), (9, "hang.dng took more than 4 s"), (10, "big.dng needs more memory")):
        assert isinstance(found[index], InputError)
        assert says in str(found[index])
    assert str(found[11]) == "empty.dng is empty"
    assert "odd.dng cannot be decoded (ValueError: tag 7 of 3)" in str(found[12])
    assert found[13] == "done"
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_workers_are_other_processes_with_one_thread_each():
    with Sandbox(1) as sandbox:
        ((_, (pid, threads)),) = sandbox.run([Call(sandboxed.where, (), "x")])
    assert pid != os.getpid()
    assert threads == "1"


def test_memory_that_libraw_did_not_get_is_no_broken_link():
    ((_, found),) = Sandbox(0).run([Call(sandboxed.swallow_in_libraw, (), "big.dng")])
    assert "big.dng needs more memory" in str(found)


def test_no_workers_means_here():
    with Sandbox(0) as sandbox:
        assert results(sandbox, [Call(sandboxed.where, (), "x")])[0][0] == os.getpid()
        assert "odd" in str(results(sandbox, [Call(sandboxed.stumble, (), "odd")])[0])


@pytest.mark.parametrize("flags", [{"workers": -1}, {"memory_gib": 0.0}, {"seconds": 0.0}, {"memory_gib": float("nan")}])
def test_impossible_caps(flags):
    with pytest.raises(UsageError):
        Sandbox(**flags)
