"""Named cases: one failure each, staged on purpose."""
