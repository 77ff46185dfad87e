"""Every figure of the chapter under one name, as in ``plots.curves``.

A function makes a figure and returns it; a notebook shows it as the value of its cell.
Colours are those of Okabe and Ito, which people with any kind of colour vision can tell
apart; lines differ in style as well.
"""
# ruff: noqa: F401

from .answers import attribution_rows, fields_on_image, log_odds, posteriors, shares
from .charts import bars, confusion, connections, log_shares
from .comparisons import accuracy_panels, forest
from .lines import curves, learning_curves, reliability, results, step_errors
from .pictures import (
    activation_rows,
    filter_answers,
    filters,
    filters_compared,
    image_grid,
)

__all__ = [name for name in dir() if not name.startswith("_")]
