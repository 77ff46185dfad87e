"""Runs compared: their curves, their table, and how each of them ended."""

import math
from typing import NamedTuple

import numpy as np

from ...training.run import Run
from ..svg import accuracy_chart, element, loss_chart, paint

DASHES = (None, "7 4", "2 3", "9 3 2 3")
N_COLORS = 7
LOSSES = (1e-3, 10)  # nats: where the axis of the loss ends


class PanelRun(NamedTuple):
    """A run of the panel: its settings, and the `Run` that came out."""

    settings: dict
    run: Run

    @property
    def params(self):
        """The run's best parameters."""
        return self.run.params


def duration(seconds):
    """Seconds in words, rounded to what an estimate is worth."""
    if seconds < 1:
        return "a second"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds >= 600 else f"{seconds / 60:.1f} min"


def outcome(run):
    """How a run ended, in words."""
    end = run.stopped or "done"
    if run.diverged:
        end += ": the loss is no longer finite. Lower the rate"
    if run.seconds:
        accuracy = run.val_accuracy[run.best_epoch]
        end += f", best accuracy {accuracy:.1%} in epoch {run.best_epoch + 1}"
    return end


def run_charts(runs):
    """Loss and validation accuracy of runs over their epochs, each in its colour."""
    end = max(_last_epoch(run) for run in runs)
    loss, accuracy = loss_chart((0, end), LOSSES), accuracy_chart((0, end))
    losses, accuracies = [], []
    for number, run in enumerate(runs):
        losses.append(loss.line(*smooth(run), **look(number)))
        accuracies.append(accuracy.epochs(run.val_accuracy, **look(number)))
    return [loss(*losses), accuracy(*accuracies)]


def _last_epoch(run):
    """The epoch that a run was stopped in, or else that it is planned to reach."""
    reached = math.ceil(len(run.batch_loss) / run.steps_per_epoch)
    return reached if run.stopped else run.epochs


def look(number):
    """Colour and dashes of a run's lines, by its number."""
    return {"color": number % N_COLORS, "dash": DASHES[number % len(DASHES)]}


def smooth(run, points=80):
    """The loss over the epochs, as at most so many means of equally many steps."""
    planned = run.epochs * run.steps_per_epoch
    size = math.ceil(planned / points)
    n = len(run.batch_loss) // size
    means = np.reshape(run.batch_loss[: n * size], (n, size)).mean(axis=1)
    return (np.arange(n) + 1) * size / run.steps_per_epoch, means


def boxes(outer, inner, *content):
    """Elements of HTML in two nested boxes of these classes."""
    return element("div", element("div", *content, class_=inner), class_=outer)


def run_table(runs):
    """The runs and their settings as a table of HTML."""
    titles = ("run", "model", "lr", "epochs", "batch", "noise", "images", "best", "end")
    head = element("tr", *(element("th", text=title, scope="col") for title in titles))
    rows = [
        element("tr", element("td", _key(number), text=f"{number + 1} "), *cells)
        for number, cells in enumerate(map(_cells, runs))
    ]
    parts = element("thead", head), element("tbody", *rows)
    return boxes("ch335-explorer", "ch335-scroll", element("table", *parts))


def _key(number):
    """A piece of a run's line in the charts."""
    color, dash = look(number).values()
    stroke = {"stroke_dasharray": dash, "stroke": paint(color), "class_": "line"}
    line = element("path", **stroke, d="M0 4H28")
    style = "width:28px;display:inline"
    return element("svg", line, viewBox="0 0 28 8", style=style, aria_hidden="true")


def _cells(panel_run):
    """The cells of a run's row, without its number."""
    settings, run = panel_run
    model = settings["model"]
    parts = [name for name in ("batch_norm", "residual") if not settings[name]]
    if parts and model != "SimpleCNN":  # which has neither anyway
        model += f" without {' and '.join(parts)}".replace("_", " ")
    values = (
        model,
        f"{settings['lr']:.2g}",
        f"{len(run.seconds)} of {run.epochs}",
        settings["batch_size"],
        f"{settings['noise']:.1f}",
        settings["n_images"],
        f"{run.val_accuracy[run.best_epoch]:.1%}" if run.seconds else "–",
        run.stopped or f"{sum(run.seconds):.1f} s",
    )
    return [element("td", text=value) for value in values]
