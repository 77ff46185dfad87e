"""Page 7: matrix products, cores, and the machine that computes."""
