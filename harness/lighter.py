"""A training whose process was killed goes on once more, with less in memory at a time.

Linux ends a process that takes the last memory with a signal that it cannot see, so what
`tuning.memory.Room` does about an error never happens there.
"""

from harness.cell import parse_cell
from harness.disk import write_json
from harness.rungs import trains
from harness.store import PARTS, Run

KILLED = -9
"""The status of a process that was."""


def lighten(run: Run, cell: str, status: int) -> bool:
    """Note that a killed training is to hold half as much at once; False where none was.

    Args:
        run: whose cell.
        cell: that did not come to its end.
        status: of its process.
    """
    trained = trains(parse_cell(cell)[0])
    if status != KILLED or not trained or not run.cell_file(cell, ".preparing").is_file():
        return False
    write_json(run.cell_file(cell, PARTS), 2 * run.parts(cell))
    run.say(
        "doing",
        "The process was killed while preparing, most often for lack of memory: it goes on with "
        "half as much at once",
        cell,
    )
    return True
