"""Pages 4 and 5: what a network answers, and what may be said of it."""
