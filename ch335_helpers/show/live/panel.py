"""The training panel: `Trainer` behind ipywidgets, or behind the controls of a page."""

import ipywidgets as ipw

from ..assets import asset, style
from ..sliders.explorer import slider
from ..svg import data_script, element, sentence
from .trainer import CONTROLS, Trainer

ASLEEP = (
    "The first Train loads Python into this page, about 17 MB. Then your own device "
    "trains the network."
)
WITHOUT_SCRIPTS = "This panel needs JavaScript. It is also in the notebook: make lab."


class TrainingPanel:
    """Sliders and buttons that train a network on images drawn to order.

    In a live notebook this shows ipywidgets; on a published page, controls that start
    Python in the reader's browser. A `Trainer` does the work for both.

    Parameters
    ----------
    n_classes : int
        The first this many of `CLASS_NAMES`, 2 to 10.
    img_size : int
        Rows and columns of the images, at least 8.
    seed : int
        Decides the images, the first weights and the order of the images.

    Attributes
    ----------
    runs : list of PanelRun
        Every run so far, including stopped ones. ``panel.runs[0].params`` are the
        parameters of the first one.

    Notes
    -----
    Taught in notebook 3. Training runs in a task that gives control back after each
    step, so that the kernel notices the Stop button. Moving a slider trains nothing.

    Examples
    --------
    Nothing is trained until the button is pressed:

    >>> panel = TrainingPanel(n_classes=4)
    >>> panel, panel.runs
    (TrainingPanel(0 runs), [])
    """

    def __init__(self, n_classes=10, img_size=32, seed=0):
        self.options = {"n_classes": n_classes, "img_size": img_size, "seed": seed}
        self.trainer = Trainer(self._tell, **self.options)
        self.box = self._make_widgets()
        for name, control in self.controls.items():
            control.observe(lambda _, name=name: self._chosen(name), names="value")
        self.train_button.on_click(lambda _: self.trainer.train())
        self.stop_button.on_click(lambda _: self.trainer.stop())
        self.trainer.choose()

    @property
    def runs(self):
        return self.trainer.runs

    def _make_widgets(self):
        self.controls = {name: _widget(control) for name, control in CONTROLS.items()}
        look = {"description": "Train", "button_style": "primary", "icon": "play"}
        self.train_button = ipw.Button(**look)
        self.stop_button = ipw.Button(description="Stop", icon="stop", disabled=True)
        width = {"width": "min(100%, 20em)"}
        self.progress = ipw.FloatProgress(min=0, max=1, layout=width)
        self.message, self.charts, self.table = ipw.HTML(), ipw.HTML(), ipw.HTML()
        wrap = ipw.Layout(display="flex", flex_flow="row wrap", align_items="center")
        others, sliders = _split(self.controls)
        buttons = [self.train_button, self.stop_button, self.progress]
        return ipw.VBox(
            [
                ipw.HTML(style()), ipw.Box(others, layout=wrap), *sliders,
                ipw.Box(buttons, layout=wrap), self.message, self.charts, self.table,
            ]
        )  # fmt: skip

    def _chosen(self, name):
        self.trainer.choose(**{name: self.controls[name].value})

    def _tell(self, message=None, progress=None, training=None, idle=None, **shown):
        """Show what the trainer says."""
        if message is not None:
            self.message.value = sentence(message)
        if progress is not None:
            self.progress.value = progress
        if training is not None:
            self.train_button.disabled = training
            self.stop_button.disabled = not training
        if idle is not None:
            for name, control in self.controls.items():
                control.disabled = name in idle
        for name, html in shown.items():
            getattr(self, name).value = html

    def html(self):
        """The panel for a page: controls, and the script that starts Python."""
        others, sliders = _split({n: _input(n, c) for n, c in CONTROLS.items()})
        buttons = (
            element("button", type="button", text="Train", class_="ch335-go"),
            element("button", type="button", text="Stop", disabled=""),
            element("progress", max=1, value=0, aria_label="progress"),
        )
        stops = {name: control.stops for name, control in CONTROLS.items()}
        panel = element(
            "div", style(), element("div", *others, class_="ch335-row"), *sliders,
            element("div", *buttons, class_="ch335-row"), sentence(ASLEEP),
            *(element("div", class_=f"ch335-{name}") for name in ("charts", "table")),
            data_script({"options": self.options, "stops": stops}),
            f"<script>{asset('panel.js')}</script>",
            class_="ch335-explorer ch335-trainer", hidden="",
        )  # fmt: skip
        return panel + element("noscript", element("p", text=WITHOUT_SCRIPTS))

    def _repr_mimebundle_(self, **kwargs):
        bundle = self.box._repr_mimebundle_(**kwargs)
        return {**bundle, "text/plain": repr(self), "text/html": self.html()}

    def __repr__(self):
        return f"TrainingPanel({len(self.runs)} runs)"


def _split(controls):
    """What was made for each control: menus and switches, and then the sliders."""
    others, sliders = [], []
    for name, made in controls.items():
        (sliders if CONTROLS[name].kind == "slider" else others).append(made)
    return others, sliders


def _widget(control):
    look = {"description": control.label, "value": control.start}
    if control.kind == "switch":
        return ipw.Checkbox(indent=False, layout={"width": "auto"}, **look)
    look["options"] = list(zip(control.names(), control.stops, strict=True))
    look["layout"] = {"width": "min(100%, 30em)"}
    look["style"] = {"description_width": "9em"}
    if control.kind == "menu":
        return ipw.Dropdown(**look)
    return ipw.SelectionSlider(continuous_update=False, **look)


def _input(name, control):
    """A control in HTML."""
    label, at = element("span", text=control.label), control.stops.index(control.start)
    if control.kind == "switch":
        look = {"type": "checkbox", "name": name, "checked": "" if at else None}
        return element("label", element("input", **look, autocomplete="off"), label)
    if control.kind == "menu":
        options = [
            element("option", text=text, value=i, selected="" if i == at else None)
            for i, text in enumerate(control.names())
        ]
        return element("label", label, element("select", *options, name=name))
    return slider(control.label, control.names(), at, name)
