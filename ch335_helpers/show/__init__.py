"""What draws pictures: figures, explorers and the training panel.

Only this folder imports matplotlib, ipywidgets, IPython and Pillow; the numerical core
imports nothing from it.
"""
