"""Gradient checkpointing for what transformers builds: less kept for backward, more computed."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any


@contextmanager
def recomputing_layers(base: Any) -> Iterator[None]:
    """A forward pass in here keeps each layer's input, and backward computes the layer again.

    Only the layers themselves are told that they are in training: what they are made of would drop
    values out. An architecture without such layers is run as it is.
    """
    from torch.utils.checkpoint import checkpoint
    from transformers.modeling_layers import GradientCheckpointingLayer

    layers: list[Any] = [
        one for one in base.modules() if isinstance(one, GradientCheckpointingLayer)
    ]
    for layer in layers:
        layer._gradient_checkpointing_func = partial(checkpoint, use_reentrant=False)
        layer.gradient_checkpointing = layer.training = True
    try:
        yield
    finally:
        for layer in layers:
            layer.gradient_checkpointing = layer.training = False
