"""Figures, in the colours of the page that shows them."""
