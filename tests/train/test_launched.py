from __future__ import annotations

import pytest

from cat_dataset.errors import UsageError
from train.launched import Launched, launched

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, Launched()),
        ({"WORLD_SIZE": "1", "RANK": "0"}, Launched()),
        ({"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1", "MASTER_ADDR": "a"}, Launched(rank=3, world=4, local=1)),
        ({"WORLD_SIZE": "2"}, None),
        ({"WORLD_SIZE": "many"}, None),
        ({"WORLD_SIZE": "2", "RANK": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "a"}, None),
        ({"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"}, None),
        ({"WORLD_SIZE": "-1"}, None),
    ],
)
def test_an_environment_set_by_hand_is_refused(given: dict[str, str], wanted: Launched | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    if wanted is None:
        with pytest.raises(UsageError, match="start with torchrun"):
            launched()
    else:
        assert launched() == wanted


def test_processes_that_only_share_work_need_no_meeting_place(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert launched(meet=False) == Launched(rank=1, world=2)
