"""`python -m tests.clock CLOCK COMMAND ...`"""

from __future__ import annotations

import sys

from tests.clock import main

sys.exit(main(sys.argv[1:]))
