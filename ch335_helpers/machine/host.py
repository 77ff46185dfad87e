"""Where this Python runs: its memory, and whether that is in a browser."""

import ctypes
import sys

IN_BROWSER = sys.platform == "emscripten"
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # from glibc's malloc.h


def keep_freed_memory():
    """Make the C library reuse freed arrays of up to 32 MB.

    A training step makes and frees the same large arrays again and again. By default
    the C library returns each one to the system, which hands it out again page by page,
    zeroed. Does nothing where it is not glibc.

    Notes
    -----
    Taught in notebook 7.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 32 << 20)
        mallopt(M_TRIM_THRESHOLD, 512 << 20)
        mallopt(M_TOP_PAD, 16 << 20)


def smaller_in_browser(usual, smaller):
    """The usual setting of a long computation; in a browser a smaller one, and say so.

    In a browser Python has a single core and no BLAS. With a smaller setting, what the
    text says of a result may not hold.

    Parameters
    ----------
    usual : object
        A setting, such as a number of epochs, or several in a tuple.
    smaller : object
        What to take in its place in a browser.

    Returns
    -------
    setting : object
        One of the two.

    Examples
    --------
    >>> smaller_in_browser(12, 6)
    12
    """
    if not IN_BROWSER:
        return usual
    print(
        f"With {usual} this notebook would run for more than three minutes in a "
        f"browser, so it takes {smaller}: numbers differ a little from those in the "
        f"text. To have {usual} all the same, write that in place of "
        "smaller_in_browser(...)."
    )
    return smaller
