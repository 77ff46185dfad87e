"""What excites a channel: the patches of images to which it responds most strongly."""

import numpy as np

from ..checks import check_fits, check_one_of, images, takes, whole
from ..model.fields import receptive_fields
from ..model.ops import IMAGES_PER_BLOCK
from ..model.walk import steps


@takes(x=images, n_patches=whole(1, "N"))
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
