"""When the interpreter may look for cycles of garbage: between stages, never while one runs.

Rule: a full collection stops every stream of the process for a tenth of a second, which is the instrument's fault and
nobody else's. What a request leaves behind holds no cycle, so memory does not wait for the collector.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect now, then not again until the block ends; what lives now is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
