"""What a value inside a network sees of the image, and what excites it most."""

from dataclasses import dataclass

import numpy as np

from .checks import (
    check_fits,
    check_images,
    check_is,
    check_one_of,
    check_shape,
    check_whole,
)
from .network import Layer
from .ops import IMAGES_PER_BLOCK
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


def blank_steps(model, image_shape):
    """Steps of a new network for a blank image of a shape (C, H, W)."""
    params = check_is("model", model, Layer).init(np.random.default_rng(0))
    x = np.zeros((1, *check_shape("image_shape", image_shape, "C H W")), np.float32)
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
    return [fields[index] for index in range(len(found))]


def strongest_patches(model, params, x, layer, n_patches=9):
    """The patches of images that excite each channel of a layer most.

    Of each image only the place with the channel's largest value is considered.

    Parameters
    ----------
    model : Layer
        For instance ``ResidualCNN()``.
    params : dict of str to ndarray
        Its parameters.
    x : ndarray, shape (N, C, H, W)
        Images.
    layer : str
        Name of a layer whose output is still an image.
    n_patches : int
        Patches of each channel, at most N.

    Returns
    -------
    patches : ndarray, shape (F, n_patches, C, size, size)
        What the strongest values of each of the layer's F channels see, the strongest
        first. Outside the image it is 0, as the network's padding is.
    images : ndarray of int, shape (F, n_patches)
        The images that they are from.
    values : ndarray, shape (F, n_patches)
        The channel's value there.

    Raises
    ------
    ValueError
        If x has not four axes or is not finite, there is no such layer, or there are
        fewer images than patches.

    Notes
    -----
    Taught in notebook 8. Source: Zeiler, Fergus, "Visualizing and understanding
    convolutional networks" (2014).

    Examples
    --------
    >>> from ch335_helpers import SimpleCNN, make_synthetic_images
    >>> x, _ = make_synthetic_images(n_per_class=10, img_size=16, n_classes=4)
    >>> model = SimpleCNN()
    >>> params = model.init(np.random.default_rng(0))
    >>> patches, images, values = strongest_patches(model, params, x, "relu2", 5)
    >>> patches.shape, images.shape, bool((np.diff(values) <= 0).all())
    ((16, 5, 1, 8, 8), (16, 5), True)
    """
    x = check_images("x", x)
    n_patches = check_whole("n_patches", n_patches, high=len(x))
    with check_fits("x", x):
        fields = receptive_fields(model, x.shape[1:])
    check_one_of("layer", layer, fields)
    values, places = [], []
    for first in range(0, len(x), IMAGES_PER_BLOCK):
        found = steps(model, params, x[first : first + IMAGES_PER_BLOCK])
        (y,) = [step.y for step in found if step.name == layer]
        flat = y.reshape(*y.shape[:2], -1)
        values.append(flat.max(axis=2))
        places.append(flat.argmax(axis=2))
    values, places = np.concatenate(values).T, np.concatenate(places).T  # (F, N)
    if not np.isfinite(values).all():
        raise ValueError("params must give finite outputs, got NaN or infinity")
    images = np.argsort(-values, axis=1, kind="stable")[:, :n_patches]
    places = np.take_along_axis(places, images, axis=1)
    field, width = fields[layer], y.shape[3]
    size, longest = field.size, max(x.shape[2:])
    # room for the fields at the edges, which lie partly outside
    room = max(0, -field.start, field.rows(max(y.shape[2:]) - 1).stop - longest)
    room += abs(x.shape[2] - x.shape[3])
    padded = np.pad(x, ((0, 0), (0, 0), (room, room), (room, room)))
    patches = np.empty((*images.shape, x.shape[1], size, size), x.dtype)
    for at, image in np.ndenumerate(images):
        row, column = divmod(int(places[at]), width)
        top, left = (field.rows(i).start + room for i in (row, column))
        patches[at] = padded[image, :, top : top + size, left : left + size]
    return patches, images, np.take_along_axis(values, images, axis=1)
