"""What is good enough, asked on a terminal and kept in rungwise.toml."""

import math

from advisor.limits import break_even
from advisor.project import Project
from advisor.settings_file import Place, change
from advisor.target_words import pays_sentence
from advisor.terminal import ask, note

SHARE = "From how many right answers in 100 is it good enough?"
UNDOES = "To find out: one wrong answer undoes how many right ones? (for example 4)"
LEFT = "An empty line leaves it open; target under [check] in rungwise.toml says it later."
NO_SHARE = "For 80 of 100 type 80."
HUNDRED = 100


def ask_target(project: Project) -> None:
    """Ask where nothing is said yet; a project that cannot be written is left as it is."""
    if project.check.target is not None or project.problems:
        return
    note(f"\n{SHARE}\n{LEFT}")
    share, kept = _number(HUNDRED), dict[Place, object]()
    if share is None:
        note(f"\n{UNDOES}")
        undoes = _number(math.inf)
        if undoes is None:
            return
        note(pays_sentence(undoes, project.prices))
        kept["check", "wrong_undoes"] = undoes
        share = 100 * break_even(undoes)
    kept["check", "target"] = round(share / 100, 4)
    change(project.root, kept)
    note(f"Kept: target = {kept['check', 'target']:g} under [check] in rungwise.toml.")


def _number(most: float) -> float | None:
    """A number from 0; None for an empty line."""
    while said := ask("> "):
        try:
            number = float(said.rstrip(" %"))
        except ValueError:
            number = -1.0
        if most == HUNDRED and 0 < number < 1:
            note(NO_SHARE)  # 0.80 is how the file says it
            continue
        if 0 <= number <= most and number < math.inf:
            return number
        upper = "" if most == math.inf else f" to {most:g}"
        note(f"Type a number from 0{upper}, or an empty line.")
    return None
