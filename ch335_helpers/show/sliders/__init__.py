"""Explorers: pictures that follow a slider, in a notebook and on a page."""
