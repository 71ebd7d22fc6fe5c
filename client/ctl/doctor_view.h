// The doctor's report for people and for machines. Pure; thread-safe.
#ifndef KACHE_CLIENT_CTL_DOCTOR_VIEW_H_
#define KACHE_CLIENT_CTL_DOCTOR_VIEW_H_

#include <string>
#include <vector>

#include "client/ctl/doctor.h"

namespace kache::ctl {

std::string DoctorText(const std::vector<Finding>& findings, bool colour);
std::string DoctorJson(const std::vector<Finding>& findings);

}  // namespace kache::ctl

#endif  // KACHE_CLIENT_CTL_DOCTOR_VIEW_H_
