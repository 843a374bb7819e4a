"""The server process of the app: `python -m advisor.page_parts.serve` is `streamlit run …`.

What pages need and takes seconds to import is imported before the first one is asked for.
"""

import gc
import importlib
import sys
from threading import Thread

from streamlit.web.cli import main

from advisor.audit.finders import finders
from harness.language import guesser
from rag.load import loaders

SLOW = (
    "pandas", "altair", "sklearn.feature_extraction.text", "sklearn.linear_model",
    "sklearn.model_selection", "advisor.page_parts.cached", "advisor.page_parts.looking",
)  # fmt: skip


def serve() -> None:
    """Import, then serve until the process is ended."""
    importlib.import_module("py3langid.langid")
    # Unpacking its model takes a second, in which other threads can work.
    Thread(target=guesser, args=("en",), daemon=True).start()
    # Not in a thread beside the pages: libraries take half-imported ones for whole.
    for name in SLOW:
        importlib.import_module(name)
    finders()
    loaders()
    # Streamlit collects garbage after each drawing, and all that is imported would be looked
    # through for 0.2 s each time, with everything else at a halt.
    gc.freeze()
    sys.argv = ["streamlit", "run", *sys.argv[1:]]
    main()


if __name__ == "__main__":
    serve()
