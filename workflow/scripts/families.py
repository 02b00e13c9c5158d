"""The families of arms that are treated alike."""

NEURAL = ("bert", "lstm")  # networks, which torch trains
