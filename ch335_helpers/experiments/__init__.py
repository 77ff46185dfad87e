"""Page 9: many trainings at once, and the table that they make."""
