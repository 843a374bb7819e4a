"""The server process of the app: `python -m advisor.page_parts.serve` is `streamlit run …`.

What pages need and takes seconds to import is imported before the first one is asked for.
"""

import importlib
import sys

from streamlit.web.cli import main

SLOW = ("pandas", "altair", "sklearn.feature_extraction.text", "sklearn.linear_model")


def serve() -> None:
    """Import, then serve until the process is ended."""
    # Not in a thread beside the pages: libraries take half-imported ones for whole.
    for name in SLOW:
        importlib.import_module(name)
    sys.argv = ["streamlit", "run", *sys.argv[1:]]
    main()


if __name__ == "__main__":
    serve()
