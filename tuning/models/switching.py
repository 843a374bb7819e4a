"""Several adapters on one base by PEFT: loaded once each, switched between groups of rows."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from tuning.constrain import Constraint
from tuning.models.base import Generated
from tuning.models.shared import must_be_known, must_fit, read_adapter, refuse_unless_addable
from tuning.models.whole import is_whole


class Switching:
    """`add_adapter` and `generate_with` of the library path.

    PEFT can also take several adapters in one batch (`adapter_names`), but then computes them one
    after the other in every layer; here rows of one adapter go together and share their prefix.
    """

    _added: tuple[str, ...] = ()
    """Names, in the order in which they came; `load_adapter` empties it."""

    def add_adapter(self: Any, name: str, folder: Path) -> None:
        """Put an adapter beside those that are there."""
        from peft import PeftModel

        refuse_unless_addable(name, self._added, is_whole(folder), folder)
        saved = read_adapter(folder)
        if not self._added:
            self.load_adapter(None)
            must_fit(saved, dict(self.base.named_modules()), folder)
            self._peft = PeftModel.from_pretrained(self.base, str(folder), adapter_name=name)
        else:
            layers = {
                at.removesuffix(".base_layer"): layer
                for at, layer in self.base.named_modules()
                if not hasattr(layer, "base_layer")
            }
            must_fit(saved, layers, folder)
            self._peft.load_adapter(str(folder), adapter_name=name)
        self._added = (*self._added, name)
        self.base.eval()

    def generate_with(
        self: Any,
        prompts: Sequence[Sequence[int]],
        adapters: Sequence[str | None],
        max_new_tokens: int,
        constraint: Constraint | None = None,
    ) -> Iterator[Generated]:
        """Continue every prompt through its own adapter, one adapter after the other."""
        must_be_known(adapters, self._added, len(prompts))
        for name in dict.fromkeys(adapters):
            own = [at for at, one in enumerate(adapters) if one == name]
            if name is not None:
                self._peft.set_adapter(name)
            bare = name is None and self._peft is not None
            with self._peft.disable_adapter() if bare else nullcontext():
                for done in self.generate([prompts[at] for at in own], max_new_tokens, constraint):
                    yield done._replace(row=own[done.row])
