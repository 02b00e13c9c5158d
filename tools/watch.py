"""Follow a run of the workflow, started in any terminal, on this machine or on a cluster.

    python tools/watch.py results           one line per running job, until everything is done; `make watch` does it too
    python tools/watch.py --once results    look once

It only reads files: the logs of the jobs, and what finished runs took.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from pretrain_or_not.forecast.watch import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
