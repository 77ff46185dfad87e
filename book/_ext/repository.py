"""Point the book's launch buttons at the repository that it is built from.

Wherever a copy of this repository lives, its pages offer that copy on Binder and Colab.
The address comes from BOOK_REPOSITORY or from git's remote `origin`; if neither is an
address on GitHub, there are no buttons.
"""

import os
import re
import subprocess


def find_repository(folder):
    """Return ``https://github.com/OWNER/NAME``, or None."""
    command = ["git", "-C", str(folder), "remote", "get-url", "origin"]
    try:
        remote = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:  # no git
        remote = ""
    address = os.environ.get("BOOK_REPOSITORY") or remote
    match = re.fullmatch(
        r"(?:https://|git@)github\.com[/:]([\w.-]+/[\w.-]+?)(\.git)?/?", address
    )
    return f"https://github.com/{match[1]}" if match else None


def add_buttons(app, config):
    repository = find_repository(app.srcdir)
    if repository:
        config.html_theme_options |= {
            "repository_url": repository,
            "repository_branch": "main",
            "use_repository_button": True,
            "launch_buttons": {
                "binderhub_url": "https://mybinder.org",
                "colab_url": "https://colab.research.google.com",
                "notebook_interface": "jupyterlab",
            },
        }


def setup(app):
    app.connect("config-inited", add_buttons)
    return {"parallel_read_safe": True}
