"""What computes while the reader watches: the panel, the board, an answer."""
