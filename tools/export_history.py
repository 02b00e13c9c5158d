"""Write the history of the finished runs of an experiment for TensorBoard.

    python tools/export_history.py results tensorboard
    .venv/bin/tensorboard --logdir tensorboard

It needs the optional packages of envs/tensorboard.txt. `make tensorboard RESULTS=results` installs them, and exports.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from pretrain_or_not.forecast.tensorboard import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
