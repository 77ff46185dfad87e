"""The wing for pictures: figures, explorers and the training panel.

Only here are matplotlib, ipywidgets, IPython and Pillow imported. The numerical core
never imports anything of it.
"""
