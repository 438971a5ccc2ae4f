/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file telemetra.h
 * All of the SDK. Since 0.1.
 */
#ifndef TELEMETRA_H
#define TELEMETRA_H

#include "base.h"
#include "codec.h"
#include "dataset.h"
#include "event.h"
#include "frontend.h"
#include "host.h"
#include "option.h"
#include "pages.h"
#include "partitions.h"
#include "plugin.h"
#include "processor.h"
#include "sink.h"
#include "source.h"
#include "store.h"

#endif
