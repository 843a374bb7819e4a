"""Verbs of the command line, one a file: each module declares `VERB`.

What they are for stands here, so that `rungwise --help` loads none of them.
"""

from collections.abc import Mapping
from typing import Final

HELP: Final[Mapping[str, str]] = {
    "demo": "run a sample project from questionnaire to report",
    "new": "make a project folder, from files if given",
    "ask": "answer the questionnaire and see what the answers advise",
    "audit": "look for leaks, contradictions, personal data and other weaknesses in the data",
    "anonymise": "write a copy of a project with its personal data replaced",
    "estimate": "say how long a check will take and how much memory, before anything runs",
    "check": "run the rungs on the project's data and say which to use",
    "stop": "stop a running check, or only the training that is under way",
    "runs": "list the project's runs",
    "show": "print one run's result",
    "weigh": "weigh a run's rungs by what matters to you, and see what would change the order",
    "decide": "record what was decided on a run, or see whether it should be looked at again",
    "probe": "test a finished run further: changed facts, planted instructions, forgetting",
    "answer": "put one question to every rung of a run, side by side; nothing is scored",
    "label": "look at answers yourself: right, not right, or cannot tell",
    "judge": "let another model that you name judge the answers, checked against your labels",
    "cost": "say what each rung costs at your own prices, and from which volume on it pays",
    "report": "write a run's report",
    "forget": "remove a deleted document from caches, and say which runs still hold its text",
    "export": "take a trained model along, verified against the run, or the training rows",
    "models": "list the models on this machine, or pull one",
    "app": "open the app in the browser, on this machine only",
    "doctor": "say what this machine has and what will work here",
}
"""A line for each verb, in the order in which they are shown."""
