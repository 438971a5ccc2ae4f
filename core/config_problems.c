/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <stdlib.h>

void tlm_problems_add(tlm_problems *problems, const char *format, ...)
{
    char *sentence = NULL;
    va_list arguments;
    va_start(arguments, format);
    int size = problems->count < TLM_PROBLEMS_MAX ? vasprintf(&sentence, format, arguments) : -1;
    va_end(arguments);
    if (size < 0) {
        problems->lost++;
        return;
    }
    char **sentences = realloc(problems->sentences, (problems->count + 1) * sizeof *sentences);
    if (!sentences) {
        free(sentence);
        problems->lost++;
        return;
    }
    problems->sentences = sentences;
    problems->sentences[problems->count++] = sentence;
}

void tlm_problems_finish(tlm_problems *problems)
{
    if (!problems)
        return;
    for (size_t i = 0; i < problems->count; i++)
        free(problems->sentences[i]);
    free(problems->sentences);
    *problems = (tlm_problems){0};
}
