"""What gives training pairs to a loop: random access with exact resume, or a stream of whole shards (docs/loading.md)."""

from cat_dataset.loading.pair_dataset import PairDataset, PairSampler
from cat_dataset.loading.samples import PairSample, stack
from cat_dataset.loading.streaming import PairStream

__all__ = ["PairDataset", "PairSample", "PairSampler", "PairStream", "stack"]
