"""Touches: another life for the value that they found, and never more."""

import unittest

from histories import History, HistoryCase, touched
from kit.history.operation import ONE, may_be_touch_of, touched_ms

AT = 2005  # ms: the stamp of a touch that begins at 2 s


class TouchesTest(HistoryCase):
    def test_a_version_tells_its_value_and_its_stamp(self):
        value = (10 << 80) + 7
        touch = touched(0, 500)
        self.assertEqual(touched_ms(touch) - (touch >> 80), 500)
        self.assertTrue(may_be_touch_of((10 << 80) + (1 << 44), value))
        self.assertFalse(may_be_touch_of((11 << 80) + (1 << 44), value))
        self.assertFalse(may_be_touch_of(value, value))

    def test_a_longer_life_is_read(self):
        history = History().put(1, "a", 1000, ttl_ms=2000)
        history.touch(2, touched(1000, AT), ttl_ms=60_000)
        expires_at_ms = history.wall_ms(2) + 60_000
        self.assert_clean(history.get(9, "a", touched(1000, AT), expires_at_ms=expires_at_ms))

    def test_a_longer_life_must_not_be_forgotten(self):
        history = History().put(1, "a", 1000, ttl_ms=2000)
        history.touch(2, touched(1000, AT), ttl_ms=60_000)
        self.assert_finds(history.get(9, None, 0), "expiry_early")

    def test_a_shorter_life_ends(self):
        history = History().put(1, "a", 1000).touch(2, touched(1000, AT), ttl_ms=2000)
        self.assert_clean(history.get(9, None, 0))

    def test_a_shorter_life_must_not_be_undone(self):
        history = History().put(1, "a", 1000).touch(2, touched(1000, AT), ttl_ms=2000)
        self.assert_finds(history.get(9, "a", 1000), "resurrected_expired")

    def test_a_touch_must_not_beat_a_newer_value(self):
        history = History().put(1, "a", 1000).put(1.5, "b", 1500)
        self.assert_finds(history.touch(2, touched(1000, AT)), "order")

    def test_a_later_touch_must_not_be_undone(self):
        history = History().put(1, "a", 1000).touch(2, touched(1000, AT), ttl_ms=60_000)
        history.touch(4, touched(1000, 4005), ttl_ms=90_000)
        history.get(6, "a", touched(1000, AT), expires_at_ms=history.wall_ms(2) + 60_000)
        self.assert_finds(history, "stale_read")

    def test_the_touch_that_stands_may_answer(self):
        history = History().put(1, "a", 1000).touch(2, touched(1000, AT), ttl_ms=60_000)
        self.assert_clean(history.touch(2.02, touched(1000, AT), ttl_ms=59_980))

    def test_a_miss_is_a_read_that_finds_nothing(self):
        self.assert_clean(History().put(1, "a", 1000, ttl_ms=500).touch(4, 0, ttl_ms=60_000))
        self.assert_finds(History().put(1, "a", 1000).touch(4, 0, ttl_ms=60_000), "stale_read")

    def test_a_touch_without_an_answer_may_have_been_done(self):
        def history():
            history = History().fault("slow", 1, 50).fault("slow", 1, 50, nodes=[1])
            return history.put(1, "a", 1000).touch(
                2, 0, ttl_ms=2000, code="DEADLINE_EXCEEDED", end=3)

        expires_at_ms = history().wall_ms(2.5) + 2000
        self.assert_clean(history().get(3.5, "a", 1000))
        self.assert_clean(history().get(3.5, "a", touched(1000, 2500), expires_at_ms=expires_at_ms))
        self.assert_clean(history().get(9, None, 0))
        self.assert_clean(history().get(9, None, touched(1000, 2500)))

    def test_a_life_that_nobody_asked_for(self):
        history = History().put(1, "a", 1000).touch(2, touched(1000, AT), ttl_ms=2000)
        history.get(2.5, "a", touched(1000, 2400), expires_at_ms=history.wall_ms(2.4) + 2000)
        self.assert_finds(history, "wrong_version")

    def test_a_touch_of_another_value(self):
        history = History().put(1, "a", 1000, level=ONE).put(1.2, "b", 1200, level=ONE)
        history.touch(2, touched(1200, AT), ttl_ms=60_000)
        history.get(4, "a", touched(1200, AT), expires_at_ms=history.wall_ms(2) + 60_000)
        self.assert_finds(history, "wrong_version")


if __name__ == "__main__":
    unittest.main()
