"""Sliders that work with and without Python.

An `Explorer` renders the picture of every combination of its sliders once. A published
page gets all of them in one piece of HTML, with a short script; a live notebook shows
the same pictures under ipywidgets.
"""

import functools
import itertools
import json

import ipywidgets as ipw

from ..assets import asset, style
from ..svg import data_script, element, sentence


class Explorer:
    """Sliders, a sentence and a picture that depend on them.

    In a live notebook this shows ipywidgets; on a published page, HTML that needs
    neither a server nor a network. Both show the same strings.

    Parameters
    ----------
    sliders : dict of str to sequence of str
        For each slider its name and what its stops are called, from left to right.
    render : callable
        Called once for each combination of stops, one index per slider. Returns the
        sentence (text) and the picture (a list of strings of HTML). A line of HTML that
        several states share is stored once: keep what changes on lines of its own.
    start : sequence of int, optional
        Index of each slider's first stop; by default all 0.
    axes : dict, optional
        What a training panel on the same page must know to draw the reader's own runs
        into the pictures, see `Trainer.beside`.

    Raises
    ------
    ValueError
        If there is no slider, a slider has fewer than two stops, or `start` is no stop.

    Notes
    -----
    Taught in notebook 3.

    Examples
    --------
    >>> def render(i, j):
    ...     return f"{i} + {j} is {i + j}.", [f"<b>{i + j}</b>"]
    >>> explorer = Explorer({"i": [0, 1], "j": [0, 1, 2]}, render)
    >>> explorer
    Explorer(i: 2, j: 3; 6 states)
    >>> explorer.sentence(1, 2), explorer.picture(1, 2)
    ('1 + 2 is 3.', '<b>3</b>')
    """

    def __init__(self, sliders, render, start=None, axes=None):
        self.sliders = {name: list(map(str, stops)) for name, stops in sliders.items()}
        sizes = [len(stops) for stops in self.sliders.values()]
        if not sizes or min(sizes) < 2:
            raise ValueError(f"sliders must have two stops or more each, got {sizes}")
        self.start, self.axes = tuple(start or [0] * len(sizes)), axes
        stops = list(itertools.product(*map(range, sizes)))
        if self.start not in stops:
            raise ValueError(f"start must be a stop of sizes {sizes}, got {self.start}")
        numbers = {}  # of each sentence and line of HTML, in order of first use
        self.states = {}
        for stop in stops:
            sentence, picture = render(*stop)
            fragments = [sentence, *"\n".join(picture).split("\n")]
            self.states[stop] = [numbers.setdefault(f, len(numbers)) for f in fragments]
        self.fragments = list(numbers)

    def sentence(self, *stop):
        """The sentence at one index per slider."""
        return self.fragments[self.states[stop][0]]

    def picture(self, *stop):
        """The picture, a string of HTML, at one index per slider."""
        return "\n".join(self.fragments[number] for number in self.states[stop][1:])

    def html(self):
        """The explorer for a page: sliders, their data and the script."""
        data = {
            "sliders": list(self.sliders.values()), "fragments": self.fragments,
            "states": list(self.states.values()), "axes": self.axes,
        }  # fmt: skip
        sliders = [slider(*place, hidden="") for place in self._places()]
        script = f"<script>{asset('explorer.js')}</script>"
        parts = *sliders, *self._shown(*self.start), data_script(data), script
        return element("div", style(), *parts, class_="ch335-explorer")

    def _places(self):
        """Name, stops and first stop of each slider."""
        return zip(self.sliders, self.sliders.values(), self.start, strict=True)

    def _shown(self, *stop):
        """Sentence and picture at a stop, as HTML."""
        picture = element("div", self.picture(*stop), class_="ch335-picture")
        return sentence(self.sentence(*stop)), picture

    @functools.cached_property
    def box(self):
        """The explorer for a live notebook: an ipywidgets box, made when first used."""
        self.inputs = [
            ipw.SelectionSlider(
                options=[(label, i) for i, label in enumerate(stops)],
                value=at, description=name, layout={"width": "min(100%, 32em)"},
                style={"description_width": "8em"},
            )
            for name, stops, at in self._places()
        ]  # fmt: skip
        self.shown = ipw.HTML()
        for control in self.inputs:
            control.observe(self._show, names="value")
        self._show()
        return ipw.VBox([ipw.HTML(style()), *self.inputs, self.shown])

    def _show(self, _=None):
        shown = self._shown(*(control.value for control in self.inputs))
        self.shown.value = element("div", *shown, class_="ch335-explorer")

    def _repr_mimebundle_(self, **kwargs):
        bundle = self.box._repr_mimebundle_(**kwargs)
        return {**bundle, "text/plain": repr(self), "text/html": self.html()}

    def __repr__(self):
        sizes = [f"{name}: {len(stops)}" for name, stops in self.sliders.items()]
        return f"Explorer({', '.join(sizes)}; {len(self.states)} states)"


def slider(label, stops, at, name=None, hidden=None):
    """A slider of the page's own kind; one with a name takes its stops with it."""
    room = max(map(len, stops))  # so that the slider keeps its length at every stop
    control = element(
        "input", type="range", name=name, min=0, step=1, max=len(stops) - 1, value=at,
        autocomplete="off", aria_label=label, aria_valuetext=stops[at],
        data_names=name and json.dumps(stops),
    )  # fmt: skip
    value = element("output", text=stops[at], style=f"min-width:{room}ch")
    return element("label", element("span", text=label), control, value, hidden=hidden)
