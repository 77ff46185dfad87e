"""Keep freed memory for the next array, instead of giving it back to the system.

A training step makes and frees the same large arrays again and again. By default the C
library returns each one to the system, which hands it out again page by page, zeroed.
With that, one process trained 2,119 images a second at the default size, without it
3,415.
"""

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # from glibc's malloc.h


def keep_freed_memory():
    """Tell the C library to reuse freed arrays of up to 32 MB.

    Does nothing where it is not glibc. Taught in notebook 7.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 32 << 20)
        mallopt(M_TRIM_THRESHOLD, 512 << 20)
        mallopt(M_TOP_PAD, 16 << 20)
