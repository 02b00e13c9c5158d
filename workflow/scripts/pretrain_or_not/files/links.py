"""Make files appear at a second place without a copy."""

import os
import shutil

from pretrain_or_not.files.atomic import atomic_write


def link(source, output):
    """Make a file appear at `output` too: as a hard link, which takes no space, or as a copy if that is impossible."""
    with atomic_write(output) as partial:
        try:
            os.link(source, partial)
        except OSError:
            shutil.copyfile(source, partial)
