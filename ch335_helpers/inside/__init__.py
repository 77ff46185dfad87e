"""Page 8: what an answer rests on, and how to score what one is told of it."""
