/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a profile: a page of one file, made of report/ and the profile's data. */
#ifndef PROFILE_REPORT_H
#define PROFILE_REPORT_H

#include "device/sources.h"
#include "profile/profile.h"

/* The page, with its style and scripts within: report.html of report/assemble.py. */
extern const qn_source qn_report_page[];

/* Adds the page with this profile in it. A text that could not grow says so itself. */
qn_status qn_profile_report(const qn_profile *profile, qn_text *text);

#endif
