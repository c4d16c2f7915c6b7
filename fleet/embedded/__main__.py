"""`python -m fleet.embedded demo`, or `… up --var DIR`: the servers alone, for tests by hand."""

import sys

from fleet.embedded.cli import main

sys.exit(main())
