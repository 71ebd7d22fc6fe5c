// Tells what a recovery has found: the monitor, the nodes, and people.
//
// For the recovery's thread alone.
#ifndef KACHE_SERVER_RECOVERY_REPORTS_H_
#define KACHE_SERVER_RECOVERY_REPORTS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "server/recovery/inspections.h"
#include "server/recovery/judge.h"
#include "server/recovery/loss_watch.h"
#include "server/recovery/minority_watch.h"
#include "server/recovery/recovery_context.h"
#include "server/recovery/resync_job.h"

namespace kache {

class Reports {
 public:
  Reports(RecoveryContext& context, const Inspections& inspections, const ResyncJob& resyncs,
          size_t homes);

  void LogAcceptedChange() const;
  // What the nodes were found to be: to the monitor, as warnings, and for the next inspections.
  void Publish(const Evidence& evidence, const std::vector<Assessment>& assessments);
  // How far the resyncs and sweeps are, to the monitor.
  void PublishProgress();

  // The names of the nodes that are not whole, as InspectionOrder says it.
  const std::string& not_whole() const { return not_whole_; }
  // See LossWatch.
  bool is_confirming_loss() const { return losses_.is_confirming(); }

 private:
  void PublishStandings(const Evidence& evidence, const std::vector<Assessment>& assessments);
  void ShowHints();
  void WarnOfMinority(const Evidence& evidence);
  void WarnOfRings(const std::vector<Assessment>& assessments);
  void WarnOfForeignNodes(const std::vector<Assessment>& assessments);
  void WarnOfLosses(Evidence evidence);
  void NoteNotWhole(const std::vector<Assessment>& assessments);

  RecoveryContext& context_;
  const Inspections& inspections_;
  const ResyncJob& resyncs_;
  LossWatch losses_;
  MinorityWatch minority_;
  bool in_minority_ = false;
  bool warned_of_rings_ = false;
  std::vector<bool> warned_of_foreign_;  // by NodeId
  std::string waits_for_;                // the first start, as it was logged
  std::string not_whole_;
};

}  // namespace kache

#endif  // KACHE_SERVER_RECOVERY_REPORTS_H_
