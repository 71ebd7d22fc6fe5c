"""Wall clocks that are wrong."""

from harness import paths


class ShiftedClock:
    """The wall clock of the processes that get `settings`; a file in `folder` says how far it is
    ahead (negative: behind), and may be changed while they run."""

    def __init__(self, folder, seconds=0, name="clock"):
        self._path = folder / name
        self.set(seconds)

    @property
    def settings(self):
        return {"LD_PRELOAD": paths.SHIFTED_CLOCK, "CLOCK_SHIFT_FILE": self._path}

    def set(self, seconds):
        changed = self._path.with_suffix(".new")
        changed.write_text(str(round(seconds * 1000)))
        changed.rename(self._path)
