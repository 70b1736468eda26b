"""What makes and judges the demo model is no part of the package; its scripts import one another from `demo`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "demo"))
