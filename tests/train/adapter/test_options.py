from __future__ import annotations

import pytest

from cat_dataset.errors import UsageError
from tests.train.adapter.conftest import Make
from train.adapter.options import AdapterOptions


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"conditioning": "sparkle"}, "conditioning must be one of numeric, plain"),
        ({"rank": -1}, "rank must be from 0"),
        ({"conditioning": "plain"}, "needs wording numbers"),
        ({"conditioning": "kontinuous", "wording": "numbers"}, "needs wording directions"),
        ({"conditioning": "kontinuous-paper", "task_id": False}, "task_id is about numeric tokens"),
        ({"conditioning": "plain", "wording": "numbers", "mask": "none"}, "mask is about numeric tokens"),
    ],
)
def test_options_that_mean_nothing_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        AdapterOptions(**values)  # type: ignore[arg-type]


def test_a_model_with_nothing_to_train_says_so(make: Make) -> None:
    with pytest.raises(UsageError, match="leaves nothing to train on base kontext; give a --rank"):
        make(conditioning="plain", wording="numbers", rank=0).trained()
