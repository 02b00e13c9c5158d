"""The script of one of several processes that share a training run; torchrun starts it."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from pretrain_or_not.training.launch import work

    work(sys.argv[1])
