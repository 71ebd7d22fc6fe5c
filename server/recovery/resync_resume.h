// How a comparison of a node with all others goes on where an earlier one for the same fence ended:
// by an error, or with its coordinator. Pure.
//
// A comparison with a source finds all that the source held when it began, and still holds when its
// page is read. Why it may be done in two parts, by two coordinators, with any time between:
//
//  * What is written after it began, the node gets itself, or its coordinator raises a further
//  fence:
//    all coordinators that live had drained for the fence before. A further fence removes the
//    checkpoints. Of a coordinator that died in between, a note that it left may be about such a
//    write. Its heartbeats said up to which note its writes had ended (Heartbeat::drained_note);
//    for a later note all sources are compared from the first key on. What it left half done
//    without a note is in neither part, as where it dies beside a comparison that goes on: for that
//    all nodes are swept (Fences::Bury).
//  * What is copied to the source meanwhile, by a repair or a sweep, another source holds. A node
//    that stands in gives its copy away only once all home replicas are UP, and this node is not.
//  * The source must have been whole all the time: its marker is whole, and its fence the same, as
//    that rises with every doubt. Its process and its data are the same (resync_checkpoint.h).
//  * What other sources are believed to bring (ResyncPlan::words) is what they knew when the
//    comparison with them began: what they got later may be in a part that had been read.
//  * Hints that came since it began stand where it left them, or count as missing (ResetHints).
//  * While the ring changes, what is taken depends on the markers of all nodes: then each resync
//    begins with the first key.
//  * Records that the node does not take hold up its resync: once there are some, no further
//    checkpoint is noted, so that the next resync finds them, too.
#ifndef KACHE_SERVER_RECOVERY_RESYNC_RESUME_H_
#define KACHE_SERVER_RECOVERY_RESYNC_RESUME_H_

#include <vector>

#include "server/recovery/evidence.h"
#include "server/recovery/resync_plan.h"

namespace kache {

// These take a source of the plan that is being made, whose words and memories are known up to that
// source.

// Whether what an earlier resync has brought of all that the source holds makes up for all notes
// about the node by coordinators that are gone.
bool StandsForAll(const Evidence& evidence, const ResyncPlan& plan, const ResyncSource& source);
// Of a source that was brought: what it may be believed to have brought.
ResyncCheckpoint EndOf(const Evidence& evidence, const ResyncPlan& plan,
                       const ResyncSource& source);
// Of one that is to be brought: where an earlier comparison ended, or the first key.
ResyncCheckpoint BeginOrGoOn(const Evidence& evidence, const ResyncPlan& plan,
                             const ResyncSource& source);

// See above. Not of the words by which the plan prunes: what a node lacks now proves what it
// proves, whatever was brought when.
void KeepWordsOfBeginning(ResyncPlan& plan);

// All sources are compared from the first key on, those included that were brought before.
void BringAll(ResyncPlan& plan);

// Whether a part of what a source holds was brought before the plan was made.
bool HasBegunBefore(const ResyncPlan& plan);

// Of a plan that is complete, once all was brought: the notes about the node, by coordinators that
// are gone, of which it has brought all.
std::vector<MissedOn> NotesMadeUpFor(const Evidence& evidence, const ResyncPlan& plan);

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_RESYNC_RESUME_H_
