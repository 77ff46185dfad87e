"""The split: three disjoint parts of a data set, and a test part that is sealed."""

import hashlib
from dataclasses import dataclass

import numpy as np

from ..checks import any_seed, array, check_values, instance, labels, takes
from ..display import Table


class SealedTestSet:
    """Test images that can be looked at once.

    A test set measures what a model does on images that played no part in any decision.
    Each further look turns it a little into training data, so a second one needs a
    reason, and the reason is kept.

    Parameters
    ----------
    X : ndarray, shape (N, ...)
        The images.
    y : ndarray of int, shape (N,)
        Their labels.

    Attributes
    ----------
    openings : list of str
        The reason of every opening so far.

    Examples
    --------
    >>> test = SealedTestSet(np.zeros((3, 1, 8, 8)), np.array([0, 1, 2]))
    >>> test
    SealedTestSet(3 images, sealed)
    >>> X, y = test.open()
    >>> X, y = test.open(reason="a label was wrong")
    >>> test.openings
    ['final evaluation', 'a label was wrong']
    """

    @takes(X=array("N ..."), y=labels("N"))
    def __init__(self, X, y):
        self._X, self._y, self.openings = X, y, []

    def __len__(self):
        return len(self._y)

    def __repr__(self):
        state = f"opened {len(self.openings)} time(s)" if self.openings else "sealed"
        return f"SealedTestSet({len(self)} images, {state})"

    @takes(reason=instance(str))
    def open(self, reason=None):
        """Return ``(X, y)``, the first time freely, then only with a `reason`.

        The reason is recorded in `openings`.

        Raises
        ------
        RuntimeError
            If the set has been opened before and no reason is given.
        """
        if self.openings and not reason:
            raise RuntimeError(
                "this test set has been opened already. A model that was changed after "
                "a look at the test images is no longer judged by images it has never "
                "met. Choose between models on the validation part; if you must look "
                "again, say why: open(reason='...')"
            )
        self.openings.append(reason or "final evaluation")
        return self._X.copy(), self._y.copy()

    def content_hash(self):
        """Fingerprint of the images and labels, which opens nothing."""
        return content_hash(self._X, self._y)


def content_hash(X, y):
    """First eight hexadecimal digits of a hash of images and labels."""
    digest = hashlib.blake2b(X.tobytes(), digest_size=4)
    digest.update(y.astype(np.int64).tobytes())
    return digest.hexdigest()


@dataclass
class Split:
    """Three disjoint parts of a data set; the test part is sealed.

    Attributes
    ----------
    X_train : ndarray
        Images to train on.
    y_train : ndarray of int
        Their labels.
    X_val : ndarray
        Images to choose between models with.
    y_val : ndarray of int
        Their labels.
    test : SealedTestSet
        Images and labels for the final evaluation.

    Examples
    --------
    >>> split = train_val_test_split(np.arange(40), np.repeat([0, 1], 20))
    >>> split
    Split(28 training, 6 validation, 6 test images)
    >>> split.X_val.shape, split.test
    ((6,), SealedTestSet(6 images, sealed))
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    test: SealedTestSet

    def __repr__(self):
        return (
            f"Split({len(self.y_train)} training, {len(self.y_val)} validation, "
            f"{len(self.test)} test images)"
        )

    def protocol(self):
        """Table of the parts' sizes and of the test part's openings."""
        reasons = enumerate(self.test.openings, start=1)
        rows = [
            ("training images", f"{len(self.y_train):,}"),
            ("validation images", f"{len(self.y_val):,}"),
            ("test images", f"{len(self.test):,}"),
            ("images in more than one part", "0 (checked by content)"),
            ("openings of the test part", len(self.test.openings)),
            *[(f"opening {number}", reason) for number, reason in reasons],
        ]
        return Table(("protocol", "record"), rows)


def _shares(name, fractions, known):
    """The contract of the parts' shares of all images."""
    fractions = check_values(name, fractions, None).astype(np.float64)
    sums_to_1 = fractions.shape == (3,) and abs(fractions.sum() - 1) <= 1e-9
    if not sums_to_1 or not (fractions > 0).all():
        text = f"{name} must be three numbers above 0 with sum 1"
        raise ValueError(f"{text}, got {fractions.tolist()}")
    return fractions


@takes(X=array("N ..."), y=labels("N"), seed=any_seed, fractions=_shares)
def train_val_test_split(X, y, seed=0, fractions=(0.7, 0.15, 0.15)):
    """Split images into training, validation and test parts.

    Each part has the same share of every class, and no image stands in two parts:
    copies of one image that would end up in different parts are refused.

    Parameters
    ----------
    X : ndarray, shape (N, ...)
        The images.
    y : ndarray of int, shape (N,)
        Their labels.
    seed : int or numpy.random.Generator
        The same seed gives the same parts.
    fractions : sequence of three float
        Shares of the training, validation and test parts: above 0, with sum 1.

    Returns
    -------
    Split
        With ``X_train, y_train, X_val, y_val`` and a sealed ``test``.

    Raises
    ------
    ValueError, TypeError
        If lengths differ, the fractions are not as above, a class is too small for a
        part, X holds no real numbers, or y no integers.

    Notes
    -----
    Taught in notebook 1.

    Examples
    --------
    A class that is three times as frequent is so in each part:

    >>> X, y = np.arange(40), np.repeat([0, 1], [30, 10])
    >>> split = train_val_test_split(X, y, fractions=(0.6, 0.2, 0.2))
    >>> np.bincount(split.y_train), np.bincount(split.y_val)
    (array([18,  6]), array([6, 2]))
    """
    rng = np.random.default_rng(seed)
    parts = [], [], []
    for label in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == label))
        ends = np.round(np.cumsum(fractions) * len(members)).astype(int)
        pieces = np.split(members, ends[:2])
        sizes = [len(piece) for piece in pieces]
        if not all(sizes):
            raise ValueError(
                f"y must have enough of each class: class {label} has {len(members)} "
                f"images, too few to split: the parts would be {sizes}"
            )
        for part, piece in zip(parts, pieces, strict=True):
            part.append(piece)
    train, val, test = (rng.permutation(np.concatenate(part)) for part in parts)
    _check_disjoint(X, train, val, test)
    return Split(X[train], y[train], X[val], y[val], SealedTestSet(X[test], y[test]))


def _check_disjoint(X, *parts):
    """Raise ValueError if an image of one part stands, pixel for pixel, in another."""
    owner = {}
    for number, part in enumerate(parts):
        for i in part:
            content = hashlib.blake2b(X[i].tobytes(), digest_size=16).digest()
            if owner.setdefault(content, number) != number:
                text = f"X must hold no image twice: image {i} has a copy in another"
                raise ValueError(f"{text} part of the split. Remove copies first")
