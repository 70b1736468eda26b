"""What makes and judges the demo model is no part of Qingmo's package, but one of its own in the repository."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
