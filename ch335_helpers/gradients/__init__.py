"""Page 6: derivatives measured by small steps, and the check of a gradient."""
