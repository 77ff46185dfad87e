"""Page 2: operations, layers and networks, and the way through a network."""
