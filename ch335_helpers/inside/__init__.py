"""Page 8: what an answer rests on, and how to score an explanation."""
