"""A wall clock of one process that may be wrong, and may jump while the process runs."""

from harness.clocks import ShiftedClock


class WrongClock:
    def __init__(self, folder, name, milliseconds):
        self._clock = ShiftedClock(folder, milliseconds / 1000, f"{name}.clock")
        self.settings = self._clock.settings
        self.usual_ms = self.ahead_ms = milliseconds

    def jump(self, milliseconds):
        """To that far ahead of the machine's clock; negative = behind."""
        self._clock.set(milliseconds / 1000)
        self.ahead_ms = milliseconds

    def heal(self):
        """Back to what it was from the beginning."""
        self.jump(self.usual_ms)


def wrong_clock(process, milliseconds):
    """Gives the process, which has not started, such a clock; None where `milliseconds` is None."""
    if milliseconds is None:
        return None
    clock = WrongClock(process.folder, process.name, milliseconds)
    process.settings.update(clock.settings)
    return clock
