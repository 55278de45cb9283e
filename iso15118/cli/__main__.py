"""``python -m iso15118.cli``: ``v2g`` where its script is not on the path."""

import sys

from iso15118.cli import main

sys.exit(main())
