"""``python -m advisor`` is the same as ``rungwise``."""

import sys

from advisor.cli import main

sys.exit(main())
