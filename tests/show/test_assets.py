"""The style sheets and the script that pictures bring with them."""

import itertools
import re

import numpy as np
import pytest

from ch335_helpers.show.assets import asset, style


def test_an_explorer_brings_the_palette_and_its_own_sheet():
    assert style() == f"<style>{asset('palette.css')}{asset('explorer.css')}</style>"


def test_a_figure_brings_the_palette_alone():
    assert style("palette.css") == f"<style>{asset('palette.css')}</style>"
    assert "--ch335-0" in style("palette.css")


def test_each_colour_stands_once_for_each_theme():
    for number in range(6):
        assert asset("palette.css").count(f"--ch335-{number}:") == 2
        assert f"--ch335-{number}:" not in asset("explorer.css")


def test_an_asset_is_the_text_of_its_file():
    assert asset("explorer.js").startswith("// Brings every explorer")
    with pytest.raises(FileNotFoundError):
        asset("nothing.css")


# ------------------------------------------------------------------------- the palette

# What is left of a colour (linear RGB) for an eye without one kind of cone, from
# Machado, Oliveira, Fernandes, "A physiologically-based model for simulation of color
# vision deficiency" (2009), severity 1
EYES = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
          [0.0193339, 0.1191920, 0.9503041]]  # fmt: skip
APART = 14  # CIELAB units; from about 2 on, a difference is seen at all
CONTRAST = 3  # what WCAG 1.4.11 asks of graphics


def palette(theme):
    """Linear RGB of the six colours of a theme, "light" or "dark"."""
    found = re.findall(r"--ch335-[0-5]: #(\w{6})", asset("palette.css"))
    assert len(found) == 12
    chosen = found[:6] if theme == "light" else found[6:]
    rgb = np.array([list(bytes.fromhex(color)) for color in chosen]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIELAB of linear RGB colours."""
    xyz = np.clip(rgb, 0, 1) @ np.transpose(TO_XYZ) / [0.95047, 1, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = f.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
def test_every_eye_can_tell_the_colours_apart(theme, eye):
    colors = lab(palette(theme) @ np.transpose(EYES[eye]))
    for one, other in itertools.combinations(colors, 2):
        assert np.linalg.norm(one - other) >= APART


@pytest.mark.parametrize(("theme", "ground"), [("light", 1.0), ("dark", 0.006)])
def test_every_colour_stands_out_from_the_pages_ground(theme, ground):
    luminance = palette(theme) @ TO_XYZ[1]
    high, low = np.maximum(luminance, ground), np.minimum(luminance, ground)
    assert ((high + 0.05) / (low + 0.05) >= CONTRAST - 0.05).all()
