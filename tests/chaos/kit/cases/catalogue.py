"""All named cases, by name: functions of a Stage that return a Verdict."""

CASES = {}
