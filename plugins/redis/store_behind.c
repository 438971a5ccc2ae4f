/* SPDX-License-Identifier: Apache-2.0 */
#include "store_behind.h"

int tlm_redis_store_behind_find(const tlm_redis_shared *shared, tlm_redis_store_behind *ret_behind)
{
    const tlm_stores_service *stores = shared->host->get_service(shared->host, TLM_SERVICE_STORES);
    if (!stores)
        return -ENOENT;
    return stores->find(shared->host, shared->settings->store, &ret_behind->store, &ret_behind->instance);
}
