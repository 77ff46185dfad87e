"""The panel that trains while one watches, for a live notebook."""

import asyncio
import math
import time

import ipywidgets as ipw
import numpy as np

from ..data import DEFAULT_NOISE, make_synthetic_images
from ..models import ResidualCNN, SimpleCNN
from ..shards import side_by_side
from ..training import Training
from .assets import style
from .runs import PanelRun, boxes, duration, outcome, run_charts, run_table
from .svg import element

HOW_TO_START = """
<p><strong>This panel trains a network while you watch</strong>, so it needs Python and
is asleep on this page. To wake it, open the notebook in one of these ways and run all
cells:</p>
<ul>
<li>on <strong>Binder</strong> or <strong>Colab</strong>, with nothing to install: the
rocket at the top of the page, where there is one, or the links in the repository's
README;</li>
<li>on <strong>your own machine</strong>: <code>make lab</code> in the repository, or
<code>pip install -r requirements.txt</code> and then <code>jupyter lab book</code>.
</li>
</ul>
"""
N_VALIDATION = 200  # images, as noisy as those the network learns from
SECONDS_BETWEEN_PICTURES = 0.25
N_SHARDS = 2
STEP_TO_FORWARD = 3  # a training step's time over that of its forward pass, about
FORWARD_SHARE = 1 / STEP_TO_FORWARD  # of a training step that a validation image takes


class TrainingPanel:
    """Sliders and buttons that train a network on images drawn to order.

    In a live notebook this shows ipywidgets;
    on a published page, how to start it.

    Parameters
    ----------
    n_classes, img_size : int
        As for `make_synthetic_images`.
    seed : int
        Decides the images, the first weights and the order of the images.

    Attributes
    ----------
    runs : list of PanelRun
        Every run so far, stopped ones included. ``panel.runs[0].params`` are the first
        one's parameters.

    Notes
    -----
    Taught in notebook 3. Training goes on in a task that gives control back after each
    step, so that the kernel hears the Stop button. Moving a slider trains nothing.
    """

    def __init__(self, n_classes=10, img_size=32, seed=0):
        self.n_classes, self.img_size, self.seed = n_classes, img_size, seed
        self.runs = []
        self.task = None
        self._stop = False
        self._seconds_per_image = {}
        self.box = self._make_controls()
        for control in self.controls.values():
            control.observe(self._settings_changed, names="value")
        self.train_button.on_click(lambda _: self.train())
        self.stop_button.on_click(lambda _: self.stop())
        self._settings_changed()

    def _make_controls(self):
        look = {
            "style": {"description_width": "9em"},
            "layout": {"width": "min(100%, 30em)"},
            "continuous_update": False,
        }
        switch = {"indent": False, "layout": {"width": "auto"}, "value": True}
        self.controls = {
            "model": ipw.Dropdown(
                options=["ResidualCNN", "SimpleCNN"], description="model",
                style=look["style"], layout=look["layout"],
            ),
            "batch_norm": ipw.Checkbox(description="batch norm", **switch),
            "residual": ipw.Checkbox(description="residual", **switch),
            "lr": ipw.FloatLogSlider(
                value=1e-2, min=-5, max=1, step=0.25, description="learning rate",
                readout_format=".1e", **look,
            ),
            "epochs": ipw.IntSlider(
                value=8, min=1, max=40, description="epochs", **look
            ),
            "batch_size": ipw.SelectionSlider(
                value=32, options=[8, 16, 32, 64, 128, 256], description="batch size",
                **look,
            ),
            "noise": ipw.FloatSlider(
                value=DEFAULT_NOISE, min=0.1, max=1.5, step=0.1, description="noise",
                readout_format=".1f", **look,
            ),
            "n_images": ipw.SelectionSlider(
                value=1000, options=[100, 200, 500, 1000, 2000, 4000],
                description="training images", **look,
            ),
        }  # fmt: skip
        self.train_button = ipw.Button(
            description="Train", button_style="primary", icon="play"
        )
        self.stop_button = ipw.Button(description="Stop", icon="stop", disabled=True)
        self.progress = ipw.FloatProgress(
            min=0, max=1, layout={"width": "min(100%, 20em)"}
        )
        self.message, self.picture, self.table = ipw.HTML(), ipw.HTML(), ipw.HTML()
        wrap = ipw.Layout(display="flex", flex_flow="row wrap", align_items="center")
        model, batch_norm, residual, *sliders = self.controls.values()
        buttons = [self.train_button, self.stop_button, self.progress]
        return ipw.VBox(
            [
                ipw.HTML(style()),
                ipw.Box([model, batch_norm, residual], layout=wrap),
                *sliders,
                ipw.Box(buttons, layout=wrap),
                self.message, self.picture, self.table,
            ]
        )  # fmt: skip

    @property
    def settings(self):
        """What the controls stand at."""
        settings = {name: control.value for name, control in self.controls.items()}
        if settings["model"] == "SimpleCNN":  # it has neither
            settings |= {"batch_norm": False, "residual": False}
        return settings

    def _settings_changed(self, _=None):
        simple = self.controls["model"].value == "SimpleCNN"
        for name in ("batch_norm", "residual"):
            self.controls[name].disabled = simple
        if not self.is_training:
            seconds = self.estimate()
            self._say(f"This will take about {duration(seconds)}. Press Train.")

    @property
    def is_training(self):
        """Whether a run is going on."""
        return self.task is not None and not self.task.done()

    def estimate(self):
        """How long a run with these settings takes, in seconds.

        Judged by the last run of the same network and batch size; before the first
        one, by the time of a forward pass. Nothing is trained.
        """
        settings = self.settings
        key = _network(settings)
        if key not in self._seconds_per_image:
            seconds = STEP_TO_FORWARD * self._forward_seconds(settings)
            self._seconds_per_image[key] = seconds / settings["batch_size"]
        images = settings["n_images"] + FORWARD_SHARE * N_VALIDATION
        return settings["epochs"] * images * self._seconds_per_image[key]

    def _forward_seconds(self, settings):
        """The time of a forward pass of one batch: the second one, when all is warm."""
        model = self._model(settings)
        params = model.init(np.random.default_rng(self.seed))
        shape = (settings["batch_size"], 1, self.img_size, self.img_size)
        for _ in range(2):
            began = time.perf_counter()
            model(params, np.zeros(shape, np.float32), train=True)
        return time.perf_counter() - began

    def _model(self, settings):
        if settings["model"] == "SimpleCNN":
            return SimpleCNN(self.n_classes)
        names = ("batch_norm", "residual")
        return ResidualCNN(self.n_classes, **{name: settings[name] for name in names})

    def train(self):
        """Start a run with the controls' settings, unless one is going on.

        In a kernel this returns at once. Outside one it returns when the run is over.
        """
        if self.is_training:
            return
        self._stop = False
        self.train_button.disabled, self.stop_button.disabled = True, False
        self.progress.value = 0
        self._say("Drawing the images …")
        work = self._work(self.settings)
        try:
            self.task = asyncio.get_running_loop().create_task(work)
        except RuntimeError:  # nobody else is waiting for control
            asyncio.run(work)

    def stop(self):
        """End the run that is going on after its current step."""
        self._stop = True

    async def _work(self, settings):
        try:
            training = self._training(settings)
            run = training.run
            with side_by_side(training, N_SHARDS):
                await self._take_steps(training, settings)
            self.runs.append(PanelRun(settings, run))
            if run.seconds:
                images = settings["n_images"] + FORWARD_SHARE * N_VALIDATION
                key, seconds = _network(settings), np.median(run.seconds)
                self._seconds_per_image[key] = seconds / images
            self._show(self.runs)
            self.table.value = run_table(self.runs)
            self._say(f"Run {len(self.runs)}: {outcome(run)}.")
        except Exception as error:
            # the reader is looking at the panel, not at the log
            self._say(f"This did not work. {type(error).__name__}: {error}")
        finally:
            self.train_button.disabled, self.stop_button.disabled = False, True

    async def _take_steps(self, training, settings):
        shown = began = time.monotonic()
        for run in training:
            now = time.monotonic()
            if now - shown > SECONDS_BETWEEN_PICTURES:
                shown = now
                self._show([*self.runs, PanelRun(settings, run)])
                left = (now - began) * (run.n_steps / len(run.batch_loss) - 1)
                self._say(
                    f"Epoch {len(run.seconds) + 1} of {run.epochs}, loss "
                    f"{run.batch_loss[-1]:.3g}, about {duration(left)} left."
                )
            await asyncio.sleep(0)
            if self._stop and not run.stopped:
                run.stop("stopped")

    def _training(self, settings):
        X, y = self._draw(settings["n_images"], settings, self.seed)
        X_val, y_val = self._draw(N_VALIDATION, settings, self.seed + 1)
        lengths = {name: settings[name] for name in ("epochs", "lr", "batch_size")}
        model = self._model(settings)
        return Training(model, X, y, X_val, y_val, seed=self.seed, **lengths)

    def _draw(self, n, settings, seed):
        per_class = math.ceil(n / self.n_classes)
        X, y = make_synthetic_images(
            per_class, self.img_size, self.n_classes, seed, noise=settings["noise"]
        )
        return X[:n], y[:n]

    def _show(self, runs):
        """Draw all runs, the latest in front, and how far it has come."""
        run = runs[-1].run
        self.progress.value = len(run.batch_loss) / run.n_steps
        curves = run_charts([item.run for item in runs])
        self.picture.value = boxes("ch335-explorer", "ch335-picture", *curves)

    def _say(self, text):
        look = {"class_": "ch335-sentence", "role": "status"}
        self.message.value = element("p", text=text, **look)

    def _repr_mimebundle_(self, **kwargs):
        bundle = self.box._repr_mimebundle_(**kwargs)
        note = style() + boxes("ch335-explorer", "admonition note", HOW_TO_START)
        return {**bundle, "text/plain": repr(self), "text/html": note}

    def __repr__(self):
        return f"TrainingPanel({len(self.runs)} runs)"


def _network(settings):
    """The settings that the time of an image depends on."""
    names = ("model", "batch_norm", "residual", "batch_size")
    return tuple(settings[name] for name in names)
