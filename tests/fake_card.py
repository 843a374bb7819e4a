"""A machine with another graphics card, or without one: a driver's program on the path."""

from pathlib import Path

import pytest

ASKED = "-i 0 --query-gpu=memory.total,{}name --format=csv,noheader,nounits"


def machine_with(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    says: str,
    *,
    program=True,
    fails=0,
    visible=None,
    capability="",
) -> None:
    """Puts the program into a folder of its own, the only one that programs are looked for in.

    Args:
        folder: where that folder is made.
        monkeypatch: of the test.
        says: MiB and name, as nvidia-smi writes them when asked for both.
        program: whether there is one.
        fails: what the program exits with.
        visible: the cards that work may take, as CUDA's variable says it; None leaves it unset.
        capability: told between the two where it is asked for; empty for a program of before it.
    """
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    if program:
        memory, _, name = says.partition(",")
        whole = f"echo '{memory}, {capability},{name}'" if capability else "exit 2"
        lines = (
            "#!/bin/sh",
            'case "$*" in',
            f"'{ASKED.format('compute_cap,')}') {whole};;",
            f"'{ASKED.format('')}') echo '{says}';;",
            "*) exit 3;;",
            "esac",
            f"exit {fails}",
        )
        (programs / "nvidia-smi").write_text("\n".join(lines), encoding="utf-8")
        (programs / "nvidia-smi").chmod(0o755)
