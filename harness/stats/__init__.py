"""The parts that `harness.compare` and `harness.intervals` are made of."""
