"""Teaching a base model to edit by numbers, and editing with what it learned. Needs the ``train`` extra."""

import sys
from importlib.util import find_spec

_missing = [name for name in ("torch", "diffusers", "peft", "accelerate", "safetensors", "yaml", "matplotlib") if find_spec(name) is None]
if _missing:
    # The console scripts are there after a plain install too; a traceback of imports would not say what to do.
    print(f"error: training and editing need {', '.join(_missing)}: pip install 'cat-dataset[train]'", file=sys.stderr)
    raise SystemExit(2)
