/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file catalogue.h
 * The column tables as the database itself keeps them (telemetra_datasets, telemetra_columns).
 */
#ifndef TLM_POSTGRES_CATALOGUE_H
#define TLM_POSTGRES_CATALOGUE_H

#include "common/table.h"
#include "link.h"

/** Reads all of it; finish it with tlm_catalogue_finish. -EIO when it contradicts itself. */
int tlm_catalogue_load(tlm_link *link, tlm_catalogue *ret_catalogue, tlm_error *error);

#endif
