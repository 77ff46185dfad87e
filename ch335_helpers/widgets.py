"""The panel that trains while one watches, for a live notebook."""

import html
import math
import threading
import time
import warnings
from typing import NamedTuple

import ipywidgets as ipw
import numpy as np

from .data import DEFAULT_NOISE, make_synthetic_images
from .explorer import Chart, style
from .models import ResidualCNN, SimpleCNN
from .training import Run, fit

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
CALIBRATION_STEPS = 3
FORWARD_SHARE = 1 / 3  # of a training step's time
DASHES = (None, "7 4", "2 3", "9 3 2 3")
N_COLORS = 7
CEILING = 10  # nats: where the axis of the loss ends


class PanelRun(NamedTuple):
    """A run that was made in the panel: its settings and the `Run` that `fit` returned.

    Unpack it, or ask for ``params`` at once.
    """

    settings: dict
    run: Run

    @property
    def params(self):
        """The run's best parameters."""
        return self.run.params


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
    Taught in notebook 3. Training goes on in a thread, because a callback that trained
    by itself would keep the kernel from ever hearing the Stop button.
    """

    def __init__(self, n_classes=10, img_size=32, seed=0):
        self.n_classes, self.img_size, self.seed = n_classes, img_size, seed
        self.runs = []
        self._stop, self._thread = threading.Event(), None
        self._shown = self._began = 0
        self._seconds_per_image = {}
        self.box = self._make_controls()
        for control in self.controls.values():
            control.observe(self._settings_changed, names="value")
        self.train_button.on_click(lambda _: self.train())
        self.stop_button.on_click(lambda _: self._stop.set())
        self._say("Choose, then press Train.")  # until the estimate is there

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
            try:
                seconds = self.estimate()
                self._say(f"This will take about {_duration(seconds)}. Press Train.")
            except Exception as error:
                self._say_error(error)

    @property
    def is_training(self):
        """Whether a run is going on."""
        return self._thread is not None and self._thread.is_alive()

    def estimate(self):
        """How long a run with these settings takes, in seconds.

        Judged by the last run of the same network and batch size; before the first
        one, by a few training steps.
        """
        settings = self.settings
        key = _network(settings)
        if key not in self._seconds_per_image:
            times, batch = [], settings["batch_size"]
            X, y = self._draw(max(batch, self.n_classes), settings, seed=2)

            def watch(run):
                times.append(time.perf_counter())
                return len(times) > CALIBRATION_STEPS

            steps = {"epochs": CALIBRATION_STEPS + 1, "batch_size": batch}
            self._fit(settings, X, y, X[:1], y[:1], watch, **steps)
            step = (times[-1] - times[0]) / (len(times) - 1)
            self._seconds_per_image[key] = step / min(batch, len(y))
        images = settings["n_images"] + FORWARD_SHARE * N_VALIDATION
        return settings["epochs"] * images * self._seconds_per_image[key]

    def train(self):
        """Start a run with the controls' settings, unless one is going on."""
        if self.is_training:
            return
        self._stop.clear()
        self.train_button.disabled, self.stop_button.disabled = True, False
        self.progress.value, self._began = 0, time.monotonic()
        self._say("Drawing the images …")
        self._thread = threading.Thread(
            target=self._run, args=(self.settings,), daemon=True
        )
        self._thread.start()

    def _run(self, settings):
        try:
            X, y = self._draw(settings["n_images"], settings, self.seed)
            X_val, y_val = self._draw(N_VALIDATION, settings, self.seed + 1)
            lengths = {name: settings[name] for name in ("epochs", "lr", "batch_size")}
            run = self._fit(settings, X, y, X_val, y_val, self._after_step, **lengths)
            self.runs.append(PanelRun(settings, run))
            if run.seconds:
                images = settings["n_images"] + FORWARD_SHARE * N_VALIDATION
                key, seconds = _network(settings), np.median(run.seconds)
                self._seconds_per_image[key] = seconds / images
            self._show(self.runs[-1])
            self._say(f"Run {len(self.runs)}: {_outcome(run)}.")
        except Exception as error:
            # the reader is looking at the panel, not at the thread
            self._say_error(error)
        finally:
            self.train_button.disabled, self.stop_button.disabled = False, True

    def _draw(self, n, settings, seed):
        per_class = math.ceil(n / self.n_classes)
        X, y = make_synthetic_images(
            per_class, self.img_size, self.n_classes, seed, noise=settings["noise"]
        )
        return X[:n], y[:n]

    def _fit(self, settings, X, y, X_val, y_val, callback, **lengths):
        """`fit` without its bar and its warnings: the panel tells what they would."""
        if settings["model"] == "SimpleCNN":
            model = SimpleCNN(self.n_classes)
        else:
            names = ("batch_norm", "residual")
            model = ResidualCNN(self.n_classes, **{n: settings[n] for n in names})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return fit(
                model, X, y, X_val, y_val, seed=self.seed, callback=callback,
                progress=False, **lengths,
            )  # fmt: skip

    def _after_step(self, run):
        now = time.monotonic()
        if now - self._shown > SECONDS_BETWEEN_PICTURES:
            self._shown = now
            self._show(PanelRun(self.settings, run), going_on=True)
            left = (now - self._began) * (1 / max(self.progress.value, 1e-6) - 1)
            self._say(
                f"Epoch {len(run.seconds) + 1} of {run.epochs}, loss "
                f"{run.batch_loss[-1]:.3g}, about {_duration(left)} left."
            )
        return self._stop.is_set()

    def _show(self, latest, going_on=False):
        """Draw all runs, the latest in front; list those that have ended."""
        run = latest.run
        self.progress.value = len(run.batch_loss) / (run.epochs * run.steps_per_epoch)
        runs = [*self.runs, latest] if going_on else self.runs
        curves = "".join(_charts([item.run for item in runs]))
        curves = f'<div class="ch335-picture">{curves}</div>'
        self.picture.value = f'<div class="ch335-explorer">{curves}</div>'
        if not going_on:
            self.table.value = _table(self.runs)

    def _say(self, text):
        self.message.value = (
            f'<p class="ch335-sentence" role="status">{html.escape(text)}</p>'
        )

    def _say_error(self, error):
        self._say(f"This did not work. {type(error).__name__}: {error}")

    def _repr_mimebundle_(self, **kwargs):
        if not self.runs:
            self._settings_changed()
        bundle = self.box._repr_mimebundle_(**kwargs)
        note = (
            '<div class="ch335-explorer">'
            f'{style()}<div class="admonition note">{HOW_TO_START}</div></div>'
        )
        return {**bundle, "text/plain": repr(self), "text/html": note}

    def __repr__(self):
        return f"TrainingPanel({len(self.runs)} runs)"


def _network(settings):
    """The settings that the time of an image depends on."""
    names = ("model", "batch_norm", "residual", "batch_size")
    return tuple(settings[name] for name in names)


def _duration(seconds):
    """Seconds in words, rounded to what an estimate is worth."""
    if seconds < 1:
        return "a second"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds >= 600 else f"{seconds / 60:.1f} min"


def _outcome(run):
    """How a run ended, in words."""
    best = ""
    if run.seconds:
        accuracy = run.val_accuracy[run.best_epoch]
        best = f", best accuracy {accuracy:.1%} in epoch {run.best_epoch + 1}"
    if run.diverged:
        return f"{run.stopped}: the loss is no longer finite. Lower the rate{best}"
    return f"{run.stopped or 'done'}{best}"


def _charts(runs):
    """Loss and validation accuracy of runs over their epochs, each in its colour."""
    reached = [math.ceil(len(run.batch_loss) / run.steps_per_epoch) for run in runs]
    ends = (
        n if run.stopped else run.epochs for run, n in zip(runs, reached, strict=True)
    )
    end = max(2, *ends)
    marks = {n: n for n in range(0, end + 1, max(1, end // 8))}
    powers = {10.0**power: f"{10.0**power:g}" for power in range(-3, 2)}
    limits = (1e-3, CEILING)
    loss = Chart("Training loss (nats)", "epoch", (0, end), limits, marks, powers, True)
    shares = {share / 4: f"{25 * share} %" for share in range(5)}
    accuracy = Chart("Validation accuracy", "epoch", (0, end), (0, 1), marks, shares)
    parts = [[], []]
    for number, run in enumerate(runs):
        look = {"color": number % N_COLORS, "dash": DASHES[number % len(DASHES)]}
        parts[0].append(loss.line(*_smooth(run), **look))
        epochs = range(1, len(run.val_accuracy) + 1)
        parts[1].append(accuracy.line(epochs, run.val_accuracy, **look))
    for chart, lines in zip((loss, accuracy), parts, strict=True):
        yield from (chart.head, *lines, chart.foot)


def _smooth(run, points=80):
    """The loss over the epochs as at most that many means of as many steps each."""
    planned = run.epochs * run.steps_per_epoch
    size = math.ceil(planned / points)
    n = len(run.batch_loss) // size
    means = np.reshape(run.batch_loss[: n * size], (n, size)).mean(axis=1)
    return (np.arange(n) + 1) * size / run.steps_per_epoch, means


def _table(runs):
    """The runs and their settings as a table of HTML."""
    titles = ("run", "model", "lr", "epochs", "batch", "noise", "images", "best", "end")
    lines = []
    for number, (settings, run) in enumerate(runs):
        parts = [n for n in ("batch_norm", "residual") if not settings[n]]
        without = f" without {' and '.join(parts)}".replace("_", " ") if parts else ""
        simple = settings["model"] == "SimpleCNN"
        best = f"{run.val_accuracy[run.best_epoch]:.1%}" if run.seconds else "–"
        dash = DASHES[number % len(DASHES)] or ""
        key = (
            '<svg viewBox="0 0 28 8" style="width:28px;display:inline">'
            f'<path class="line" stroke="var(--ch335-{number % N_COLORS})" '
            f'stroke-dasharray="{dash}" d="M0 4H28"/></svg>'
        )
        cells = (
            f"{number + 1} {key}",
            settings["model"] + ("" if simple else without),
            f"{settings['lr']:.2g}",
            f"{len(run.seconds)} of {run.epochs}",
            settings["batch_size"],
            f"{settings['noise']:.1f}",
            settings["n_images"],
            best,
            run.stopped or f"{sum(run.seconds):.1f} s",
        )
        lines.append("".join(f"<td>{cell}</td>" for cell in cells))
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        '<div class="ch335-explorer"><div class="ch335-scroll"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></div>"
    )
