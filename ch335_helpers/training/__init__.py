"""Page 3: the loop, the optimisers, and what a training leaves behind."""
