from __future__ import annotations

import time

import pytest
import torch

from cat_dataset.manifests import Dataset
from train.bases.nano import NanoBase, NanoShape
from train.config import TrainConfig
from train.data.feed import Feed
from train.running.speed import Speed


def test_speeds_are_of_the_time_since_the_last_ones(dataset: Dataset) -> None:
    config = TrainConfig()
    feed = Feed(dataset, NanoBase(NanoShape(size=16)), config.adapter, config.data, seed=0, batch=2)
    began = time.perf_counter()
    speed = Speed(feed, torch.device("cpu"))
    for _ in feed.steps(0, 3):
        speed.step()
    found, took = speed.take(), time.perf_counter() - began
    assert found["steps_per_second"] >= round(3 / took, 4)
    assert 0 < found["data_wait"] <= 1
    assert found["data_wait"] == pytest.approx(feed.waited_s / took, abs=0.2), "it does nothing but wait"
    assert 0.05 < found["peak_memory_gb"] < 64, "of this process, in GiB"
    assert speed.take() | {"peak_memory_gb": 0} == {"steps_per_second": 0.0, "data_wait": 0.0, "peak_memory_gb": 0}
