/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file sql_files.h
 * The files of infra/sql, built into the plugin.
 */
#ifndef TLM_POSTGRES_SQL_FILES_H
#define TLM_POSTGRES_SQL_FILES_H

typedef struct tlm_sql_file {
    const char *name; /**< "001_base.sql" */
    const char *text;
} tlm_sql_file;

/** infra/sql/NNN_*.sql by their numbers, which begin at 001 and leave none out; ends with a NULL name. */
extern const tlm_sql_file tlm_sql_versions[];

/** infra/sql/datasets/ID.sql, run whenever the table of that dataset was made or checked; ends with a NULL name. */
extern const tlm_sql_file tlm_sql_datasets[];

#endif
