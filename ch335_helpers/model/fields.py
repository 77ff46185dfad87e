"""What a value inside a network sees of the image, and what excites it most."""

from dataclasses import dataclass

import numpy as np

from ..checks import check_fits, lengths, takes
from .network import MODEL, computes_as
from .walk import steps


@dataclass(frozen=True)
class Field:
    """Receptive fields of one layer's values along an axis, in pixels.

    The value in row i sees the rows from ``start + i * stride`` on, `size` of them.

    Attributes
    ----------
    size : int
        Rows (and columns) that one value sees; some may lie outside the image.
    stride : int
        Rows from one value's field to its neighbour's.
    start : int
        First row that the first value sees, below 0 where it sees padding.

    Examples
    --------
    See `receptive_fields`.

    >>> Field(size=5, stride=2, start=-2).rows(3)
    slice(4, 9, None)
    """

    size: int
    stride: int
    start: int

    def rows(self, i):
        """The rows of the image that the value in row `i` sees, as a slice."""
        first = self.start + i * self.stride
        return slice(first, first + self.size)


def receptive_fields(model, image_shape=(1, 32, 32)):
    """Receptive field of each layer whose output is still an image.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    image_shape : tuple of int
        Channels, height and width of an image: (C, H, W).

    Returns
    -------
    fields : dict of str to Field
        Under the names of `activation_maps`, in the order of the forward pass.

    Raises
    ------
    ValueError, TypeError
        If image_shape is no shape of an image that the model can take.

    Notes
    -----
    Taught in notebook 8.

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN
    >>> fields = receptive_fields(SimpleCNN(), image_shape=(1, 16, 16))
    >>> fields["conv1"], fields["pool2"]
    (Field(size=3, stride=1, start=-1), Field(size=10, stride=4, start=-3))
    """
    found = blank_steps(model, image_shape)
    pairs = zip(found, fields_of(found, image_shape[-1]), strict=True)
    return {step.name: field for step, field in pairs if step.y.ndim == 4}


@takes(model=MODEL, image_shape=lengths("C H W"))
def blank_steps(model, image_shape):
    """Steps of a new network for a blank image of a shape (C, H, W)."""
    params = model.init(np.random.default_rng(0))
    x = np.zeros((1, *image_shape), np.float32)
    with check_fits("image_shape", x):
        return steps(model, params, x)


def fields_of(found, img_size):
    """The `Field` of every step, for images of that many pixels along each axis.

    Where all places come together, it is the whole image.
    """
    fields = {-1: Field(1, 1, 0)}
    for index, step in enumerate(found):
        layer, inputs = step.layer, [fields[i] for i in step.inputs]
        starts = [f.start - layer.padding * f.stride for f in inputs]
        ends = [
            start + f.size + (layer.kernel - 1) * f.stride
            for start, f in zip(starts, inputs, strict=True)
        ]
        start, stride = min(starts), layer.stride * max(f.stride for f in inputs)
        fields[index] = Field(max(ends) - start, stride, start)
        if step.y.ndim < 4:
            fields[index] = Field(img_size, img_size, 0)
        elif layer.parts is not None and not computes_as(layer):
            fields[index] = Field(img_size, 0, 0)  # nobody knows how far it looks
    return [fields[index] for index in range(len(found))]
