"""The error of this package."""


class TuningError(Exception):
    """Something that stops training, with what to do about it.

    Args:
        reason: what is wrong, one line.
        fix: what to do, one line.
    """

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(f"{reason} ({fix})")
        self.reason = reason
        self.fix = fix
