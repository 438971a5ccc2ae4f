/* SPDX-License-Identifier: Apache-2.0 */
#include "common/thread.h"

#include <signal.h>
#include <time.h>

int tlm_thread_start(pthread_t *ret_thread, void *(*run)(void *context), void *context)
{
    sigset_t blocked, before;

    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    /* The new thread inherits the mask. */
    int result = pthread_sigmask(SIG_SETMASK, &blocked, &before);
    if (result != 0)
        return -result;
    result = pthread_create(ret_thread, NULL, run, context);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* fails for a wrong first argument only */
    return -result;
}

int tlm_condition_init(pthread_cond_t *ret_condition)
{
    pthread_condattr_t monotonic;
    int result = pthread_condattr_init(&monotonic);

    if (result != 0)
        return -result;
    result = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    if (result == 0)
        result = pthread_cond_init(ret_condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return -result;
}
