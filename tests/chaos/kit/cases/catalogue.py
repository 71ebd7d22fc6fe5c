"""All named cases: functions (folder, arguments, say) that return a Verdict."""

from kit.cases.all_restarted import all_restarted
from kit.cases.flushed import flushed
from kit.cases.half_written import half_written
from kit.cases.held_write import held_write
from kit.cases.late_write import late_write
from kit.cases.lost_copies import lost_copies
from kit.cases.old_rdb import old_rdb
from kit.cases.one_bad_node import freeze_one, kill_one
from kit.cases.resync_flushed import resync_flushed
from kit.cases.resync_killed import resync_killed
from kit.cases.shorter_life import (
    longer_life_by_touch, shorter_life, shorter_life_by_touch, shorter_life_of_one_copy,
)

CASES = {
    case.__name__: case for case in (
        shorter_life, shorter_life_of_one_copy, shorter_life_by_touch, longer_life_by_touch,
        old_rdb, late_write, half_written, held_write,
        lost_copies, flushed, kill_one, freeze_one, resync_killed, resync_flushed, all_restarted)
}
