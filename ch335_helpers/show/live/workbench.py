"""Answers to exercises, run as they are typed into a published page."""

import ast
import contextlib
import io
import traceback

from ...exercises import Verdict

MOST_PRINTED = 5000  # characters that are shown of what an answer prints
FILE = "your answer"  # what an error calls the text from the page


class Workbench:
    """Runs the code of one exercise, as a notebook's cell would.

    Parameters
    ----------
    tell : callable
        Called with keywords: ``printed`` (what the code printed), ``message`` (the
        verdict or the error), ``right`` (whether the answer is right), ``running``.
    prelude : str
        What the page has imported and defined before, run once.
    """

    CALLS = ("run",)  # what a page may ask for

    def __init__(self, tell, prelude=""):
        self.tell = tell
        self.start = {"__name__": "__main__"}
        exec(prelude, self.start)

    def run(self, code):
        """Run the code in a fresh copy of the page's names, and send the outcome."""
        printed, right = io.StringIO(), False
        try:
            with contextlib.redirect_stdout(printed):
                value = _value_of(code, dict(self.start))
        except (Exception, SystemExit) as error:
            message = _words_for(error)
        else:
            message = "" if value is None else str(value)
            right = isinstance(value, Verdict) and bool(value)
        text = printed.getvalue()
        if len(text) > MOST_PRINTED:
            text = f"{text[:MOST_PRINTED]}\n… and {len(text) - MOST_PRINTED:,} more"
        self.tell(printed=text, message=message, right=right, running=False)


def _value_of(code, names):
    """Run the code; return the value of its last line if that is an expression."""
    lines = ast.parse(code, FILE).body
    last = lines.pop() if lines and isinstance(lines[-1], ast.Expr) else None
    exec(compile(ast.Module(lines, []), FILE, "exec"), names)
    return last and eval(compile(ast.Expression(last.value), FILE, "eval"), names)


def _words_for(error):
    """The error in words, with its line in the answer."""
    line = getattr(error, "lineno", None)  # of a syntax error
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == FILE:
            line = frame.lineno
    where = f" (line {line})" if line else ""
    text = error.msg if isinstance(error, SyntaxError) else error
    return f"{type(error).__name__}{where}: {text}"
