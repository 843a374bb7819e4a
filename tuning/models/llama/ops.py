"""The operations with a hand-written gradient."""

from typing import Any

import torch

from tuning.models.llama.packed import product


class AdaptedLinear(torch.autograd.Function):
    """y = [x, x A^T] [W, s B]^T in one matmul; see `tuning.models.llama.adapter.Adapter`.

    Adding the low-rank term to an already rounded bfloat16 W x loses it while it is below half a
    unit in the last place: losses then lag float32 through the epoch. Inside one matmul it is
    summed in the float32 accumulator.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, a: Any, b: Any, adapter: Any) -> Any:
        """X (T, in), a (pieces * rank, in) and b (out, rank) to (T, out).

        The matmul reads what `adapter` holds ready of a and b; they are named for autograd.
        """
        both = adapter.widened(x)  # (T, in + pieces * rank)
        ctx.adapter = adapter
        ctx.save_for_backward(both)
        return product(both, adapter.wide)

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        """Gradients of x, a and b; the frozen weight gets none."""
        adapter = ctx.adapter
        (both,) = ctx.saved_tensors
        n_in = adapter.n_in
        if ctx.needs_input_grad[0]:
            grad_both = product(grad, adapter.wide.t())
            low = grad_both[:, n_in:]
            grad_x = torch.addmm(grad_both[:, :n_in], low, adapter.a_cast)
        else:  # the first layer: nothing below it wants a gradient
            low = grad @ adapter.wide[:, n_in:]
            grad_x = None
        grad_b = adapter.own_blocks(grad.t() @ both[:, n_in:]).float() * adapter.shape.scale
        grad_a = (low.t() @ both[:, :n_in]).float()
        return grad_x, grad_a, grad_b, None


class ToSlots(torch.autograd.Function):
    """Flat tokens to padded slots. Padding slots get no gradient, so backward is a gather."""

    @staticmethod
    def forward(ctx: Any, flat: Any, gather: Any, scatter: Any) -> Any:
        """Flat (n, ...) to (slots, ...)."""
        ctx.scatter = scatter
        return flat.index_select(0, gather)

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        """Gradient of the flat tokens."""
        return grad.index_select(0, ctx.scatter), None, None


class FromSlots(torch.autograd.Function):
    """Padded slots to flat tokens; each flat token owns exactly one slot."""

    @staticmethod
    def forward(ctx: Any, slots: Any, scatter: Any) -> Any:
        """Slots (slots, ...) to (n, ...)."""
        ctx.scatter, ctx.slots = scatter, len(slots)
        return slots.index_select(0, scatter)

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        """Gradient of the slots; padding gets zero."""
        out = grad.new_zeros(ctx.slots, *grad.shape[1:])
        return out.index_copy_(0, ctx.scatter, grad), None


class RmsNorm(torch.autograd.Function):
    """x / rms(x) * weight. Saves one number a token instead of the normalised activations."""

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any, eps: float) -> Any:
        """X (T, H) and weight (H,) to (T, H)."""
        full = x.float()
        inverse = torch.rsqrt(full.square().mean(-1, keepdim=True).add_(eps))  # (T, 1)
        ctx.save_for_backward(x, weight, inverse)
        return (full * inverse).to(x.dtype).mul_(weight)

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        """Gradient of x, and of the weight where that is learned."""
        x, weight, inverse = ctx.saved_tensors
        full = x.float()
        scaled = grad.float() * weight.float()
        along = (scaled * full).mean(-1, keepdim=True)
        # Not in place on `full`: in float32 x.float() is x itself, which others still need.
        grad_x = (scaled * inverse - full * (along * inverse**3)).to(x.dtype)
        grad_weight = None
        if ctx.needs_input_grad[1]:
            grad_weight = (grad.float() * full * inverse).sum(0).to(weight.dtype)
        return grad_x, grad_weight, None


class SwiGlu(torch.autograd.Function):
    """silu(gate) * up. Keeps nothing but its input and writes one gradient, not two halves."""

    @staticmethod
    def forward(ctx: Any, gate_up: Any) -> Any:
        """Gate and up side by side (T, 2 I) to (T, I)."""
        ctx.save_for_backward(gate_up)
        gate, up = gate_up.chunk(2, -1)
        return torch.nn.functional.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        """Gradient of gate and up side by side."""
        (gate_up,) = ctx.saved_tensors
        gate, up = gate_up.chunk(2, -1)
        out = torch.empty_like(gate_up)
        of_gate, of_up = out.chunk(2, -1)
        torch.mul(grad, torch.nn.functional.silu(gate), out=of_up)
        torch.ops.aten.silu_backward.grad_input(grad * up, gate, grad_input=of_gate)
        return out


class Rotate(torch.autograd.Function):
    """Rotary position embedding of the first n heads; the other heads (values) pass."""

    @staticmethod
    def forward(ctx: Any, x: Any, cos: Any, sin: Any) -> Any:
        """X (T, heads, d), cos and sin (T, n, d / 2) to (T, heads, d)."""
        ctx.cos, ctx.sin = cos, sin
        return _rotate(x, cos, sin)

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        """A rotation's gradient is the rotation back."""
        return _rotate(grad, ctx.cos, -ctx.sin), None, None


def _rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    heads = cos.shape[1]
    out = x.clone()
    left, right = x[:, :heads].chunk(2, -1)
    out_left, out_right = out[:, :heads].chunk(2, -1)
    torch.mul(left, cos, out=out_left).addcmul_(right, sin, value=-1)
    torch.mul(right, cos, out=out_right).addcmul_(left, sin)
    return out


def adapted_linear(x: torch.Tensor, a: torch.Tensor, b: torch.Tensor, adapter: Any) -> torch.Tensor:
    """See `AdaptedLinear`."""
    return _apply(AdaptedLinear, x, a, b, adapter)


def to_slots(flat: torch.Tensor, gather: torch.Tensor, scatter: torch.Tensor) -> torch.Tensor:
    """See `ToSlots`."""
    return _apply(ToSlots, flat, gather, scatter)


def from_slots(slots: torch.Tensor, scatter: torch.Tensor) -> torch.Tensor:
    """See `FromSlots`."""
    return _apply(FromSlots, slots, scatter)


def rms_norm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    """See `RmsNorm`."""
    return _apply(RmsNorm, x, weight, eps)


def swiglu(gate_up: torch.Tensor) -> torch.Tensor:
    """See `SwiGlu`."""
    return _apply(SwiGlu, gate_up)


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """See `Rotate`."""
    return _apply(Rotate, x, cos, sin)


def _apply(function: Any, *inputs: Any) -> torch.Tensor:
    """`Function.apply` with a type."""
    out: torch.Tensor = function.apply(*inputs)
    return out
