"""Would more data help: the trained rung at several sizes of training data, and what follows."""
