"""A table that shows what a network is made of."""

from dataclasses import dataclass

from ..display import Table
from .fields import blank_steps, fields_of
from .network import Residual, computes_as, n_parameters


@dataclass
class Row:
    """One line of `Summary`: layer, output shape, parameters, receptive field.

    The shape is that of the output for one image.
    """

    layer: str
    output: tuple
    parameters: int
    field: int


class Summary:
    """Table of a model's layers: output shape, learnt parameters, receptive field.

    The shapes are those for one image, the receptive fields are in pixels.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    image_shape : tuple of int
        Channels, height and width of an image: (C, H, W).

    Raises
    ------
    ValueError, TypeError
        If image_shape is no shape of an image that the model can take.

    Notes
    -----
    The shapes are read off a real forward pass of a blank image. Taught in notebook 2.

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN
    >>> summary = Summary(SimpleCNN(), image_shape=(1, 16, 16))
    >>> summary.n_parameters, summary.rows[0]
    (1316, Row(layer='conv1', output=(8, 16, 16), parameters=80, field=3))
    """

    def __init__(self, model, image_shape=(1, 32, 32)):
        found = blank_steps(model, image_shape)
        self.n_parameters, size = n_parameters(model), image_shape[-1]
        self.rows = []
        for step, field in zip(found, fields_of(found, size), strict=True):
            is_sum = computes_as(step.layer, Residual)
            title = f"{step.name}: sum with the shortcut" if is_sum else step.name
            own = 0 if is_sum else n_parameters(step.layer)
            self.rows.append(Row(title, step.y.shape[1:], own, min(field.size, size)))

    def _repr_markdown_(self):
        rows = []
        for row in self.rows:
            shapes = row.output, (row.field, row.field)
            output, field = (" × ".join(map(str, shape)) for shape in shapes)
            rows.append((row.layer, output, f"{row.parameters:,}", field))
        total = ("total", "", f"{self.n_parameters:,}", "")
        header = ("layer", "output", "parameters>", "receptive field>")
        return str(Table(header, rows, total))

    __repr__ = _repr_markdown_
