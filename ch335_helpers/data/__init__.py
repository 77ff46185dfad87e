"""Page 1: images, where they come from, and how well they can be recognised."""
