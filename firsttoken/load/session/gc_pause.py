"""When the garbage collector may run: between stages, never while one runs.

Rule: a full collection stops every stream of the process for a tenth of a second, which would be an error of the
instrument alone. What a request leaves behind holds no cycle, so memory does not wait for the collector.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Collect now, then not again until the block ends; what lives now is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
