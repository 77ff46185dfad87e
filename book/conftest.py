"""Progress bars are for a reader who waits: hide them when nbval runs the notebooks."""

import os

os.environ.setdefault("TQDM_DISABLE", "1")
