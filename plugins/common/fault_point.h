/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file fault_point.h
 * Named places at which a test has the process die, as by a crash: TELEMETRA_DIE_AT=NAME, or NAME:N for the Nth time it
 * is passed. Only in builds with TELEMETRA_FAULT_POINTS; a release has none of it.
 */
#ifndef TLM_COMMON_FAULT_POINT_H
#define TLM_COMMON_FAULT_POINT_H

#ifdef TELEMETRA_FAULT_POINTS
/** Ends the process by SIGKILL if it was told to die here. Any thread. */
void tlm_fault_point(const char *name);
#define TLM_FAULT_POINT(name) tlm_fault_point(name)
#else
#define TLM_FAULT_POINT(name) ((void)0)
#endif

#endif
