"""Where this Python runs: on a machine of one's own, or in a browser."""

import ast
import sys

IN_BROWSER = sys.platform == "emscripten"


def smaller_in_browser(usual, smaller):
    """The usual setting of a long computation; in a browser a smaller one, and say so.

    In a browser Python has a single core and no BLAS. With a smaller setting, what the
    text says of a result may not hold: from then on a notebook's failed assertions are
    told and no longer stop it.

    Parameters
    ----------
    usual : object
        A setting, such as a number of epochs, or several in a tuple.
    smaller : object
        What to take in its place in a browser.

    Returns
    -------
    setting : object
        One of the two.

    Examples
    --------
    >>> smaller_in_browser(12, 6)
    12
    """
    if not IN_BROWSER:
        return usual
    print(
        f"With {usual} this notebook would run for more than three minutes in a "
        f"browser, so it takes {smaller}: numbers differ a little from those in the "
        f"text. To have {usual} all the same, write that in place of "
        "smaller_in_browser(...)."
    )
    _tell_failed_assertions()
    return smaller


class _Told(ast.NodeTransformer):
    """Makes ``assert x`` print, instead of raising, if x is false."""

    def visit_Assert(self, node):
        words = f"Not so with the smaller setting: {ast.unparse(node.test)}"
        told = ast.parse(f"if not True: print({words!r})").body[0]
        told.test.operand = node.test
        return ast.fix_missing_locations(ast.copy_location(told, node))


def _tell_failed_assertions():
    ipython = sys.modules.get("IPython")  # what runs a notebook has imported it
    shell = ipython and ipython.get_ipython()
    if shell and not any(isinstance(t, _Told) for t in shell.ast_transformers):
        shell.ast_transformers.append(_Told())
