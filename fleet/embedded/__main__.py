"""`python -m fleet.embedded up --var DIR`: the servers alone, for tests by hand and for other programs."""

import sys

from fleet.embedded.cli import main

sys.exit(main())
