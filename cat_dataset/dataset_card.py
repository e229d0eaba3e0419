"""The dataset card, manifests/README.md: the schema in words, and the header that Hugging Face ``datasets`` reads."""

from __future__ import annotations

from collections.abc import Sequence


def dataset_card(splits: Sequence[str], shards_folder: str) -> str:
    """The card of a dataset that has ``splits``, with its shards in ``shards_folder`` as seen from the card.

    It holds no totals, so the card of the usual layout is the one that is kept in the repository.
    """
    lines = ["---", "configs:", "- config_name: default", "  data_files:"]
    for split in splits:
        lines += [f"  - split: {split}", f'    path: "{shards_folder}/{split}-*.tar"']
    return "\n".join(lines) + "\n---\n" + _BODY.replace("SHARDS", shards_folder)


_BODY = """
# Manifests of a CAT dataset

`cat-build-shards` writes this folder. The pictures lie in WebDataset tars in `SHARDS/`; these tables say what they are
and where their bytes begin. `cat-verify manifests/` re-reads and re-hashes everything. Every field of every format is
explained in `docs/formats.md`, every attribute in `docs/attributes.md`.

| file | content |
|---|---|
| `frames.parquet` | a row per frame |
| `series.parquet` | a row per series |
| `dataset.json` | schema version, attribute registry, hashes, totals, split; written last: its presence means "complete" |

## frames.parquet

| column | type | meaning |
|---|---|---|
| `series` | string | id of the series |
| `frame` | int32 | number of the frame in its series |
| `split` | string | train, validation or test; one for a whole scene |
| `shard` | string | tar file name |
| `offset`, `size` | int64 | where the bytes of the picture file lie in the tar |
| `crc32` | uint32 | of those bytes |
| `sha256` | string | of those bytes |
| `width`, `height` | int32 | pixels |
| `value_<attribute>` | float64 | natural unit; null where the series does not vary that attribute |

## series.parquet

| column | type | meaning |
|---|---|---|
| `series` | string | id |
| `source` | string | blender, unreal, dslr or developed |
| `object` | string | what an instruction calls the thing that changes |
| `varies` | list of string | the attributes that change in it |
| `frames` | int32 | how many |
| `split` | string | train, validation or test |
| `constants` | string | JSON: what was held fixed |
| `provenance` | string | JSON: tools, versions, settings, licences |
| `scene_<key>` | string | asset, camera, character, hdri, scene and a producer's own; null where it does not apply |

## Reading

Our own reader gives pairs with instructions:

```python
from pathlib import Path
from cat_dataset.manifests import open_dataset
from cat_dataset.pairs import PairIndex

dataset = open_dataset(Path("manifests"))
pair = PairIndex(dataset, split="train", seed=0).pair(0)
```

Hugging Face `datasets` gives single frames with their labels (run it in the folder that holds `manifests/`):

```python
from datasets import load_dataset  # pip install datasets

frames = load_dataset("manifests")
table = load_dataset("parquet", data_files="manifests/frames.parquet")
```

Stock `webdataset` reads the tars alone:

```python
import webdataset

samples = webdataset.WebDataset("SHARDS/train-00000.tar", shardshuffle=False).decode("rgb8")
```
""".replace("SHARDS/train-00000.tar", "shards/train-00000.tar")
