"""How nbval runs the notebooks."""

import os

# progress bars are for a reader who waits
os.environ.setdefault("TQDM_DISABLE", "1")


def pytest_collection_modifyitems(items):
    """Compare no HTML: an explorer's holds what its run measured, pixel by pixel.

    Its text is compared, and the browser tests look at the rest.
    """
    for item in items:
        if hasattr(item.parent, "skip_compare"):
            item.parent.skip_compare += ("text/html",)
