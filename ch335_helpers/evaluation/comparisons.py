"""Two classifiers compared on the same images."""

import math
from dataclasses import dataclass

from ..checks import BOOLEANS, array, takes

CORRECT = array("N", BOOLEANS)  # whether each image was named rightly


@dataclass(frozen=True)
class McNemar:
    """Two classifiers compared on the same images, as `mcnemar` returns it.

    Attributes
    ----------
    only_a : int
        Images that only a got right.
    only_b : int
        Images that only b got right.
    difference : float
        Accuracy of a minus accuracy of b, from -1 to 1.
    p_value : float
        Chance of a division at least as uneven as only_a to only_b if each of these
        images were as likely to favour a as b; 1 if there is no such image.

    Examples
    --------
    One image more proves nothing:

    >>> mcnemar([True, True, False, False], [True, False, False, False])
    McNemar(only_a=1, only_b=0, difference=0.25, p_value=1.0)
    """

    only_a: int
    only_b: int
    difference: float
    p_value: float


@takes(correct_a=CORRECT, correct_b=CORRECT)
def mcnemar(correct_a, correct_b):
    """McNemar's exact test: is one of two classifiers better on the same images?

    Parameters
    ----------
    correct_a : array_like of bool, shape (N,)
        Whether classifier a got each image right.
    correct_b : array_like of bool, shape (N,)
        Whether classifier b did, for the same images in the same order.

    Returns
    -------
    comparison : McNemar
        The counts, the difference and its p-value.

    Raises
    ------
    ValueError
        If the lengths differ or there is no image.
    TypeError
        If the arrays are not boolean.

    Notes
    -----
    It compares two trained networks. Whether one way to train is better than another
    is a question for several seeds: `paired_difference`.
    Taught in notebook 4. Source: McNemar (1947), with exact chances in place of chi
    squared; recommended for classifiers by Dietterich (1998).

    Examples
    --------
    Five images for a and none for b, by the same chance as five heads or five tails:

    >>> images = np.arange(10)
    >>> comparison = mcnemar(images < 9, images < 4)
    >>> comparison.difference, comparison.p_value
    (0.5, 0.0625)
    """
    only_a = int((correct_a & ~correct_b).sum())
    only_b = int((correct_b & ~correct_a).sum())
    difference = (only_a - only_b) / len(correct_a)
    return McNemar(only_a, only_b, difference, _two_sided_p(only_a, only_b))


def _two_sided_p(heads, tails):
    """Chance of fair coin throws being at least as uneven as `heads` to `tails`."""
    n, fewer = heads + tails, min(heads, tails)
    ways = term = math.comb(n, fewer)
    for k in range(fewer, 0, -1):
        term = term * k // (n - k + 1)  # comb(n, k - 1), with no remainder
        ways += term
        if term.bit_length() + 80 < ways.bit_length():
            break  # terms only get smaller: a float would not show the rest
    return min(1.0, 2 * ways / 2**n)
