"""Panels for a live notebook, and what stands in for them on a page without Python."""

import html
import io
import threading
import time

import ipywidgets as ipw
import matplotlib as mpl

from .plots import learning_curves
from .training import fit

HOW_TO_START = (
    "This panel trains a network while you watch, so it needs Python. Open this "
    "notebook on your own machine with <code>make lab</code>, or on Binder or Colab: "
    "the repository's README says how."
)


class TrainingPanel:
    """Sliders for learning rate and number of epochs, buttons that train with them.

    In a live notebook this shows ipywidgets;
    on a published page, a note on how to start it.

    Parameters
    ----------
    model : Layer
    X, y, X_val, y_val
        As for `fit`. A few hundred images are enough to see something in seconds.

    Attributes
    ----------
    runs : list of (dict, Run)
        Settings and result of every run so far, stopped ones included.

    Notes
    -----
    Taught in notebook 3. Training goes on in a thread, because a callback that trained
    by itself would keep the kernel from ever hearing the Stop button.
    """

    def __init__(self, model, X, y, X_val, y_val):
        self.model, self.data, self.runs = model, (X, y, X_val, y_val), []
        self._stop, self._thread, self._shown = threading.Event(), None, 0.0
        wide = {"description_width": "8em"}
        self.lr = ipw.FloatLogSlider(
            value=3e-3,
            min=-5,
            max=0,
            step=0.25,
            description="learning rate",
            readout_format=".1e",
            style=wide,
        )
        self.epochs = ipw.IntSlider(
            value=10, min=1, max=40, description="epochs", style=wide
        )
        self.train_button = ipw.Button(
            description="Train", button_style="primary", icon="play"
        )
        self.stop_button = ipw.Button(description="Stop", icon="stop", disabled=True)
        self.progress = ipw.FloatProgress(min=0, max=1, layout={"width": "20em"})
        self.message = ipw.HTML("Choose, then press Train.")
        self.picture = ipw.Image(format="png", layout={"max_width": "100%"})
        self.train_button.on_click(lambda _: self.train())
        self.stop_button.on_click(lambda _: self._stop.set())
        buttons = ipw.HBox([self.train_button, self.stop_button, self.progress])
        self.box = ipw.VBox([self.lr, self.epochs, buttons, self.message, self.picture])

    def train(self):
        """Start a run with the sliders' settings, unless one is going on."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._stop.clear()
        self.train_button.disabled, self.stop_button.disabled = True, False
        settings = {"lr": self.lr.value, "epochs": self.epochs.value}
        self._thread = threading.Thread(target=self._run, args=(settings,), daemon=True)
        self._thread.start()

    def _run(self, settings):
        try:
            run = fit(
                self.model,
                *self.data,
                **settings,
                callback=self._after_step,
                progress=False,
            )
            self.runs.append((settings, run))
            self._show(run)
            self._say(f"lr {settings['lr']:.1e}: {run}")
        except Exception as error:
            # the reader is looking at the panel, not at the thread
            self._say(f"{type(error).__name__}: {error}")
        finally:
            self.train_button.disabled, self.stop_button.disabled = False, True

    def _after_step(self, run):
        now = time.monotonic()
        if now - self._shown > 0.3:
            self._shown = now
            self._show(run)
            self._say(
                f"epoch {len(run.seconds) + 1} of {run.epochs}, "
                f"loss {run.batch_loss[-1]:.3f}"
            )
        return self._stop.is_set()

    def _show(self, run):
        self.progress.value = len(run.batch_loss) / (run.epochs * run.steps_per_epoch)
        if run.seconds:
            self.picture.value = _png(learning_curves(run))

    def _say(self, text):
        self.message.value = html.escape(text)

    def _repr_mimebundle_(self, **kwargs):
        bundle = self.box._repr_mimebundle_(**kwargs)
        return {
            **bundle,
            "text/plain": repr(self),
            "text/html": f'<div class="admonition note"><p>{HOW_TO_START}</p></div>',
        }

    def __repr__(self):
        return f"TrainingPanel({len(self.runs)} runs)"


def _png(figure):
    """The figure as PNG bytes."""
    buffer = io.BytesIO()
    with mpl.rc_context({"savefig.dpi": 100}):
        figure.savefig(buffer, format="png")
    return buffer.getvalue()
