/* SPDX-License-Identifier: Apache-2.0 */
/** What the tests of the core include before anything of it. */
#ifndef TLM_TESTS_CORE_TEST_H
#define TLM_TESTS_CORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
